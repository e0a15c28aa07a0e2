"""Starting servers, keeping them alive, and ending them all."""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.up.children import Child
from recsys_dagster.up.groups import end_groups
from recsys_dagster.up.keeper import Keeper
from recsys_dagster.up.servers import Server

_READY_WITHIN = 180.0
_TICK = 0.2


class Stop:
    """Whether a signal has asked for the end.

    A flag and no exception: a second Ctrl-C must not disturb the ending.
    """

    asked = False

    @contextmanager
    def by_signals(self) -> Iterator[None]:
        """Let Ctrl-C, SIGTERM and a closed terminal ask for the end.

        Ctrl-C does too where a shell has switched it off; SIGHUP does not under `nohup`.
        """
        numbers = [signal.SIGTERM, signal.SIGINT]
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self._ask) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True


class Family:
    """Servers that run as children of this process.

    Parameters
    ----------
    wanted
        The servers.
    logs
        Directory for a log file of each.
    """

    def __init__(self, wanted: Sequence[Server], logs: Path) -> None:
        self.children = [Child(server, logs) for server in wanted]

    @contextmanager
    def kept(self) -> Iterator[None]:
        """On the way out none of them is left, whatever becomes of this process."""
        self._keeper = Keeper()
        try:
            yield
        finally:
            end_groups(self._groups(), reap=self._reap)
            self._keeper.keep([])
            self._keeper.close()

    def start(self, stop: Stop) -> Iterator[Server]:
        """Start all; each comes as soon as it answers, and none any more once `stop` is asked.

        Raises
        ------
        RecsysError
            It took too long, or one of them has ended.
        """
        for child in self.children:
            child.start()
            self._keeper.keep(self._groups())
            if child.server.needed:
                self._wait_for(child, stop)
        for child in self.children:
            self._wait_for(child, stop)
            if stop.asked:
                return
            yield child.server

    def _wait_for(self, child: Child, stop: Stop) -> None:
        deadline = time.monotonic() + _READY_WITHIN
        while not stop.asked and not child.server.answers():
            self._refuse_ended()
            if time.monotonic() > deadline:
                raise RecsysError(
                    f"The {child.server.name} did not answer within {_READY_WITHIN:g} s; its "
                    f"log is {child.log}"
                )
            time.sleep(_TICK)

    def look_after(self, stop: Stop, say: Callable[[str], None]) -> None:
        """Start again what dies until `stop` is asked; `say` takes a line about each death."""
        while not stop.asked:
            for child in self.children:
                if line := child.look_after():
                    with suppress(OSError):  # nobody reads any more: no reason to end
                        say(line)
            self._keeper.keep(self._groups())
            time.sleep(_TICK)

    def _refuse_ended(self) -> None:
        for child in self.children:
            if words := child.end_in_words():
                raise RecsysError(f"{words}; its log is {child.log}")

    def _groups(self) -> list[int]:
        return [child.process.pid for child in self.children if child.process]

    def _reap(self) -> None:
        for child in self.children:
            child.end_in_words()
