"""How it is measured, in words and numbers."""

from collections.abc import Mapping
from typing import Any

from recsys_dagster.evaluation.cases import SEEDS
from recsys_dagster.evaluation.metrics import CUTOFFS
from recsys_dagster.evaluation.split import COLD_IN, Split

FEW_LISTENERS = 100
"""Below it, means over listeners say little."""
STRANGERS, KNOWN, COLD = "held-out listeners", "known listeners", "cold songs"


def describe_protocol(split: Split, cut: str | None, task: str, listeners: int) -> dict[str, Any]:
    """How the headline is measured.

    Parameters
    ----------
    split
        Who is held out.
    cut
        The day at whose beginning learning stops, if there is one.
    task
        `STRANGERS`, or `KNOWN` where nobody can be held out.
    listeners
        How many were asked.

    Returns
    -------
    `seeds` is `None` where the whole history is revealed; `test_share` is the share of plays that
    were after the cut, 0 without one.
    """
    late, plays = int(split.late.sum()), int((split.early + split.late).sum())
    return {
        "task": task,
        "description": describe_task(task, cut, SEEDS[-1]),
        "listeners": listeners,
        "seeds": SEEDS[-1] if task == STRANGERS else None,
        "cutoffs": list(CUTOFFS),
        "cut": cut,
        "timed": split.timed,
        "folds": split.folds,
        "held_out_listeners": int((split.fold >= 0).sum()),
        "test_share": round(late / max(plays, 1), 4),
        "pairs": len(split.users),
    }


def describe_task(task: str, cut: str | None, seeds: int) -> str:
    """A task in words.

    >>> describe_task(KNOWN, None, 5)
    'Not measured: without times there is no later to be found.'
    """
    songs = "most played song" if seeds == 1 else f"{seeds} most played songs"
    catalogue = "The whole catalogue is ranked, without what was revealed."
    if task == COLD:
        return (
            f"One song in {COLD_IN} is hidden from training altogether. Held-out listeners reveal "
            f"the {songs} of the others; the hidden songs that they play and whose audio features "
            f"are known are to be found. {catalogue}"
        )
    if task == KNOWN:
        if cut is None:
            return "Not measured: without times there is no later to be found."
        return (
            f"Listeners whose plays before {cut} were learned from: all of those are known, and "
            f"the songs that they played first after that day are to be found. {catalogue}"
        )
    if cut is None:
        return (
            "The history has no time to part it by that most listeners' plays lie on both sides "
            "of. So listeners are held out from all that is learned; they "
            f"reveal their {songs}, and the rest of what they play is to be found. "
            f"{catalogue}"
        )
    return (
        "Listeners are held out from all that is learned, and nothing after the beginning of "
        f"{cut} is learned from. They reveal the {songs} from before; what else they played "
        f"after is to be found. {catalogue}"
    )


def age_in_words(figures: Mapping[str, Any]) -> str | None:
    """How much a release has learned since it was measured; `None` where that is nothing.

    Parameters
    ----------
    figures
        Of the release's manifest.

    Examples
    --------
    >>> age_in_words({"new_since_evaluation": 0.012})
    'Of the plays, 1.2% came or went since this was measured.'
    """
    share = float(figures.get("new_since_evaluation") or 0)
    return f"Of the plays, {share:.1%} came or went since this was measured." if share else None
