"""Ending whole process groups; as a script, the keeper's side of `keeper.py`.

It knows the standard library alone, so that the keeper costs few megabytes.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress

PATIENCE = 5.0
_DYING = 2.0


def end_groups(
    groups: Iterable[int], patience: float = PATIENCE, reap: Callable[[], object] = lambda: None
) -> None:
    """Ask process groups to end, and after `patience` seconds make them.

    Parameters
    ----------
    groups
        Their ids.
    patience
        In seconds, for all of them together.
    reap
        Collects children that have ended; a group counts as alive as long as one is uncollected.
    """
    left = set(groups)
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, _DYING)):
        for group in left:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(group, number)
        deadline = time.monotonic() + seconds
        while left := _alive(left, reap):
            if time.monotonic() > deadline:
                break
            time.sleep(0.05)


def _alive(groups: Iterable[int], reap: Callable[[], object]) -> set[int]:
    reap()
    return {group for group in groups if _is_alive(group)}


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _keep() -> None:
    """Wait for the end of the input, then end the groups that its last line names."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    line = ""
    for line in sys.stdin:  # noqa: B007 - the last one counts
        pass
    end_groups({int(group) for group in line.split()})


if __name__ == "__main__":
    _keep()
