"""The methods that a list can be asked for by, from what is registered."""

from collections.abc import Mapping
from typing import NamedTuple

from recsys_dagster.recommend.baselines import BASELINES, Baseline
from recsys_dagster.recommend.sources import SOURCES, Source

HYBRID = "hybrid"
_OTHERS: tuple[type[Source] | Baseline, ...] = (*SOURCES, *BASELINES)


class Words(NamedTuple):
    """What a method is called, and what it does."""

    label: str
    explained: str


PARTS: tuple[str, ...] = tuple(kind.name for kind in SOURCES)
"""The sources, and the methods that are one source of the hybrid alone."""
WORDS: Mapping[str, Words] = {
    HYBRID: Words(
        "Hybrid", "Taste, listeners, sound and artists together, weighed by what worked best here."
    ),
    **{one.name: Words(one.label, one.explained) for one in _OTHERS},
}
METHODS: tuple[str, ...] = tuple(WORDS)
AUDIO_METHODS = frozenset(one.name for one in _OTHERS if one.needs_audio)
"""Methods that need a seed with audio features."""
DEAF: tuple[str, ...] = tuple(kind.name for kind in SOURCES if not kind.hears_seeds)
"""Sources that do not hear the seeds."""
MEASURED_AGAINST: tuple[str, ...] = (*(one.name for one in BASELINES), *DEAF)
"""Methods that are there to be measured against."""
BRINGS: Mapping[str, str] = {kind.name: kind.brings for kind in SOURCES}
"""What people call what each source brings."""
