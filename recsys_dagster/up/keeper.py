"""The keeper ends what `recsys up` started when `recsys up` itself was killed.

A process of its own, as a killed parent can do nothing any more. It is told the process groups on
its standard input, all of them on one line at each change; the end of the input says that the
parent is gone, however it went. It works on every Unix, and unlike Linux's parent-death signal it
takes the children's children along.
"""

import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress

from recsys_dagster.up import groups


class Keeper:
    """Starts it, in a session of its own: what kills the parent's group spares it."""

    def __init__(self) -> None:
        self._told: list[int] = []
        self._process = self._start()

    def keep(self, wanted: Iterable[int]) -> None:
        """Say which process groups are there now; a keeper that has died is replaced."""
        now, died = sorted(wanted), self._process.poll() is not None
        if died:
            self.close()
            self._process = self._start()
        if died or now != self._told:
            self._tell(now)

    def close(self) -> None:
        """Let it end; it ends the groups that it was told last."""
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError):
                stdin.close()
        self._process.wait()

    def _tell(self, now: list[int]) -> None:
        self._told = now
        stdin = self._process.stdin
        if stdin is not None:
            with suppress(BrokenPipeError):  # it has died just now; the next call sees it
                stdin.write(" ".join(map(str, now)) + "\n")
                stdin.flush()

    @staticmethod
    def _start() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-S", str(groups.__file__)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
