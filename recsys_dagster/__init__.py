"""A hybrid music recommender that you run on your own listening history.

What an application or a notebook needs is here; the `recsys` command makes what it reads.

Examples
--------
>>> from recsys_dagster import Recommender
>>> recommender = Recommender.open()
>>> answer = recommender.recommend(user=recommender.users[0], n=3)
>>> len(answer.recommendations)
3
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recsys_dagster.errors import RecsysError

if TYPE_CHECKING:
    from recsys_dagster.recommend import (
        METHODS,
        Answer,
        AudioAgreement,
        Because,
        Exclusion,
        Favourite,
        History,
        Recommendation,
        Recommender,
        Seed,
        SeedShare,
        Song,
    )
    from recsys_dagster.storage.releases import Release, Releases

    __version__: str

__all__ = [
    "METHODS",
    "Answer",
    "AudioAgreement",
    "Because",
    "Exclusion",
    "Favourite",
    "History",
    "Recommendation",
    "Recommender",
    "RecsysError",
    "Release",
    "Releases",
    "Seed",
    "SeedShare",
    "Song",
    "__version__",
]

_RELEASES = {"Release", "Releases"}


def __getattr__(name: str) -> Any:
    """Import what is asked for: NumPy and Polars take a second, and not everybody needs them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "__version__":
        from importlib.metadata import version

        return version("recsys-dagster")
    room = "storage.releases" if name in _RELEASES else "recommend"
    return getattr(import_module(f"{__name__}.{room}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
