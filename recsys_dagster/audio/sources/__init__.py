"""The sources of audio features, in the order that the settings name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.sources.base import FeatureSource
from recsys_dagster.audio.sources.catalogue import CatalogueSource
from recsys_dagster.audio.sources.reccobeats import ReccobeatsSource
from recsys_dagster.audio.sources.spotify import SpotifySource
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What sources are made from.

    Attributes
    ----------
    catalogues
        Content hash of each file in `raw/features`.
    answers
        The folder of what services have answered.
    settings
        Addresses and keys.
    """

    catalogues: Mapping[Path, str]
    answers: Path
    settings: Settings

    def answers_of(self, source: str) -> Answers:
        """What a service has answered so far."""
        return Answers(self.answers / f"{source}.sqlite", source)


MAKERS: dict[str, Callable[[Surroundings], FeatureSource]] = {
    CatalogueSource.name: lambda around: CatalogueSource(around.catalogues),
    ReccobeatsSource.name: lambda around: ReccobeatsSource(
        lambda: around.answers_of(ReccobeatsSource.name),
        around.settings.reccobeats_api_url,
        around.settings.reccobeats_interval,
    ),
    SpotifySource.name: lambda around: SpotifySource(
        around.settings, lambda: around.answers_of(SpotifySource.name)
    ),
}
"""All there are, each under the name that `RECSYS_FEATURE_SOURCES` knows it by."""


def make_sources(names: Sequence[str], around: Surroundings) -> list[FeatureSource]:
    """The sources that `RECSYS_FEATURE_SOURCES` names, in its order.

    Raises
    ------
    RecsysError
        A name is not known, or a source lacks a setting.
    """
    if unknown := [name for name in names if name not in MAKERS]:
        raise RecsysError(
            f"RECSYS_FEATURE_SOURCES names {', '.join(unknown)}, which this version does not have. "
            f"It has {', '.join(MAKERS)}."
        )
    return [MAKERS[name](around) for name in dict.fromkeys(names)]


__all__ = ["MAKERS", "CatalogueSource", "FeatureSource", "Surroundings", "make_sources"]
