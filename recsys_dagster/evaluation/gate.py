"""The gate: whether the hybrid is good enough to be released, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recsys_dagster.evaluation.protocol import FEW_LISTENERS
from recsys_dagster.evaluation.trial import HEADLINE

FEWEST_TO_REFUSE = 20
"""With fewer listeners, an interval of resampled means is too narrow to refuse anything on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a hybrid may be released, and why."""

    passed: bool
    words: str


def judge(evaluation: Mapping[str, Any]) -> Verdict:
    """Refuse a hybrid that is significantly worse on NDCG@10 than its best part or than before.

    Significantly worse means that the whole 95 % interval of the difference, over the same
    listeners, lies below 0, and that there are `FEWEST_TO_REFUSE` of them. Where it cannot be
    measured, nothing speaks against the hybrid.
    "Before" is the ranker of the release that was current, over the same models.

    Parameters
    ----------
    evaluation
        From `summarise`; one from before there were differences is passed.
    """
    if "differences" not in evaluation:
        return Verdict(True, "Measured before the hybrid was compared with its parts.")
    part, listeners = evaluation["best_part"], evaluation["protocol"]["listeners"]
    found = [_against(f"{part}, its best part", evaluation["differences"][part], listeners)]
    if released := evaluation.get("released"):
        name = f"the ranker of release {released['release']}"
        found.append(_against(name, released["difference"], listeners))
    return Verdict(all(one.passed for one in found), " ".join(one.words for one in found))


def _against(other: str, difference: Mapping[str, Any], listeners: int) -> Verdict:
    """What one comparison says."""
    found = difference[HEADLINE]
    if found["interval"] is None:
        return Verdict(True, f"Against {other}: not measurable with {of_listeners(listeners)}; "
                             "nothing speaks against the hybrid, and nothing for it.")  # fmt: skip
    low, high = found["interval"]
    said = (
        f"its NDCG@10 less that of {other}, is {found['mean']:+.3f}, 95 % interval {low:+.3f} to "
        f"{high:+.3f}, over {of_listeners(listeners)}"
    )
    if high < 0 and listeners < FEWEST_TO_REFUSE:
        return Verdict(True, f"The hybrid may be worse: {said}. So few listeners cannot show it.")
    if high < 0:
        return Verdict(False, f"The hybrid is worse: {said}.")
    if low > 0:
        return Verdict(True, f"The hybrid is better: {said}.")
    few = " So few listeners show only large differences." if listeners < FEW_LISTENERS else ""
    return Verdict(True, f"The hybrid is not shown to be worse: {said}.{few}")


def of_listeners(count: int) -> str:
    """How many listeners, in words."""
    return f"{count:,} listener{'' if count == 1 else 's'}"
