"""When what was learned last may stand, and when everything is learned anew.

A refresh after a few new listens need not find the epochs, the ranker and the figures of the
evaluation again: they say how the models learn and how well, which a hundredth more listens
does not change. So while little is new, the models that are released learn from all there is, and
what was learned of the held-out listeners stands. `LEARNED` are the stages that hold it. They
stand or fall together: all of them are of the same data, or all are done anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from recsys_dagster.storage.stages import Stamp

LEARNED = ("svd_model", "item_neighbours", "ranker", "evaluation")
"""The stages that learn without the held-out listeners, or measure on them; the last seals it."""
FINAL_TOO = LEARNED[:2]
"""Those of them that also learn from everything, which each refresh does again."""

DATA = ("user_song_interactions", "unique_songs")
LEARNED_FROM = "learned_from"
"""Fact of each of `LEARNED` (of its `held_out_stamp`): versions of `DATA` that it learned from."""
SEAL = "seal"
"""Fact of `evaluation`: `rules`, and how many songs had audio features."""
DRIFT = "drift"
"""Fact of `user_song_interactions`: `share` of plays changed `since` a data version of it."""


def held_out_stamp(stage: str) -> str:
    """The name of the stamp of what a stage of `LEARNED` learned without the held-out listeners.

    A stage of `FINAL_TOO` has one of its own for that: a kill while it replaces what has learned
    from everything must not cost the rest.
    """
    return f"{stage}.held_out" if stage in FINAL_TOO else stage


def stands(
    learned: Sequence[Stamp | None],
    plays: Stamp | None,
    rules: str,
    with_features: int | None,
    limit: float,
) -> bool:
    """Whether what was learned last may stand.

    Parameters
    ----------
    learned
        The stamps of `LEARNED` (`held_out_stamp`), in that order.
    plays
        The stamp of user_song_interactions.
    rules
        What must not change, as one hash: code, settings, catalogues.
    with_features
        Songs whose audio features are known now.
    limit
        The share of plays, and of songs with features, that may have changed.
    """
    facts = [stamp.facts for stamp in learned if stamp]
    if plays is None or with_features is None or len(facts) < len(LEARNED):
        return False
    seal, origin = facts[-1].get(SEAL), facts[-1].get(LEARNED_FROM)
    if seal is None or origin is None or seal["rules"] != rules:
        return False
    if any(one.get(LEARNED_FROM) != origin for one in facts):
        return False
    apart = abs(with_features - seal["with_features"]) / max(seal["with_features"], 1)
    return apart <= limit and plays_apart(plays, origin) <= limit


def plays_apart(plays: Stamp, origin: Mapping[str, Any]) -> float:
    """The share of plays that changed since those of `origin`, infinity if unknown."""
    since = origin[DATA[0]]
    if plays.data_version == since:
        return 0.0
    found = plays.facts.get(DRIFT)
    return float(found["share"]) if found and found["since"] == since else float("inf")
