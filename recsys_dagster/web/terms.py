"""Moments to wait for, with a clock that may have been wrong when they were set.

A machine that thought it was 2040 for a day leaves behind answers that are good until 2041 and
questions that are to be asked again in 2041. Nothing here is ever put off for as long as that.
"""

import time

LONGEST = 200 * 86_400.0
"""Seconds; nothing is kept or put off for longer, so what lies further ahead is a wrong clock's."""
_MADE = 1_767_225_600.0
"""The beginning of 2026: a clock that is behind it is wrong itself, and judges nothing."""


def latest(now: float) -> float:
    """The last moment, in unix seconds, that a right clock can have set anything to."""
    return now + LONGEST if now >= _MADE else float("inf")


def has_come(moment: float, now: float | None = None) -> bool:
    """Whether a moment is over, or was set by a clock that was wrong."""
    now = time.time() if now is None else now
    return not now < moment <= latest(now)
