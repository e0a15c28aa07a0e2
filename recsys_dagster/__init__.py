"""A hybrid music recommender that you run on your own listening history."""

from typing import TYPE_CHECKING, Any

from recsys_dagster.errors import RecsysError

if TYPE_CHECKING:
    from recsys_dagster.recommend import Recommender

__all__ = ["Recommender", "RecsysError"]


def __getattr__(name: str) -> Any:
    """Import `Recommender` when it is asked for: the pipeline does not need it to start."""
    if name == "Recommender":
        from recsys_dagster.recommend import Recommender

        return Recommender
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
