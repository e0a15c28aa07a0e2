"""Real data beside the repository, for local tests; it is never part of the project."""

from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


def real_data(*parts: str) -> Path:
    """A file of `../shared/data`; the test is skipped where it is missing."""
    path = REPOSITORY.parent.joinpath("shared", "data", *parts)
    if not path.exists():
        pytest.skip(f"needs the real data {'/'.join(parts)} in ../shared/data")
    return path
