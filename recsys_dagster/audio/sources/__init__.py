"""The sources of audio features, in the order that the settings name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from recsys_dagster.audio.sources.base import FeatureSource
from recsys_dagster.audio.sources.catalogue import CatalogueSource
from recsys_dagster.errors import RecsysError

_MAKERS: dict[str, Callable[[Mapping[Path, str]], FeatureSource]] = {
    CatalogueSource.name: CatalogueSource
}


def make_sources(names: Sequence[str], catalogues: Mapping[Path, str]) -> list[FeatureSource]:
    """The sources that `RECSYS_FEATURE_SOURCES` names, in its order.

    Parameters
    ----------
    names
        Source names.
    catalogues
        Content hash of each file in `raw/features`.

    Raises
    ------
    RecsysError
        A name is not known.
    """
    if unknown := [name for name in names if name not in _MAKERS]:
        raise RecsysError(
            f"RECSYS_FEATURE_SOURCES names {', '.join(unknown)}, which this version does not have. "
            f"It has {', '.join(_MAKERS)}."
        )
    return [_MAKERS[name](catalogues) for name in dict.fromkeys(names)]


__all__ = ["CatalogueSource", "FeatureSource", "make_sources"]
