"""Which stage is being worked on: what is left of a process that was killed."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from recsys_dagster.storage.atomic import write_json
from recsys_dagster.storage.layout import Layout


@contextmanager
def under_way(layout: Layout, stage: str) -> Iterator[None]:
    """Note a stage while it is worked on; call it holding the lock."""
    write_json(layout.under_way, {"stage": stage})
    try:
        yield
    finally:
        with suppress(OSError):
            layout.under_way.unlink()


def killed_in(layout: Layout) -> str | None:
    """The stage that a process was killed in, told once; call it holding the lock."""
    try:
        stage = str(json.loads(layout.under_way.read_text(encoding="utf-8"))["stage"])
        layout.under_way.unlink()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return stage
