"""The gate: whether the hybrid is good enough to be released, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys_dagster.evaluation.protocol import FEW_LISTENERS
from recsys_dagster.evaluation.trial import HEADLINE


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a hybrid may be released, and why."""

    passed: bool
    words: str


def judge(evaluation: Mapping[str, Any]) -> Verdict:
    """Refuse a hybrid that is significantly worse than its best part on NDCG@10.

    Significantly worse means that the whole 95 % interval of the difference, over the same
    listeners, lies below 0. Where it cannot be measured, nothing speaks against the hybrid.

    Parameters
    ----------
    evaluation
        From `summarise`; one from before there were differences is passed.
    """
    if "differences" not in evaluation:
        return Verdict(True, "Measured before the hybrid was compared with its parts.")
    part, listeners = evaluation["best_part"], evaluation["protocol"]["listeners"]
    found = evaluation["differences"][part][HEADLINE]
    if found["interval"] is None:
        return Verdict(True, f"Not measurable with {of_listeners(listeners)}: nothing speaks "
                             "against the hybrid, and nothing for it.")  # fmt: skip
    low, high = found["interval"]
    said = (
        f"the hybrid's NDCG@10 less that of {part}, its best part, is {found['mean']:+.3f}, 95 % "
        f"interval {low:+.3f} to {high:+.3f}, over {of_listeners(listeners)}"
    )
    if high < 0:
        return Verdict(False, f"The hybrid is worse than one of its parts: {said}.")
    if low > 0:
        return Verdict(True, f"The hybrid is better than all of its parts: {said}.")
    few = " So few listeners show only large differences." if listeners < FEW_LISTENERS else ""
    return Verdict(True, f"The hybrid is not shown to be worse than its parts: {said}.{few}")


def of_listeners(count: int) -> str:
    """How many listeners, in words."""
    return f"{count:,} listener{'' if count == 1 else 's'}"
