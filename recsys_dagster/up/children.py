"""A server as a child process."""

import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from recsys_dagster.up.backoff import BackOff
from recsys_dagster.up.groups import end_groups
from recsys_dagster.up.logs import appended, cut, last_line
from recsys_dagster.up.servers import Server

_PATIENCE = 3.0


@dataclass
class Child:
    """One server: started, looked after, started again; in a process group of its own."""

    server: Server
    folder: Path
    """Of the log."""
    process: "subprocess.Popen[bytes] | None" = None
    _back_off: BackOff = field(default_factory=BackOff)
    _since: float = 0.0
    _again_at: float = 0.0

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.server.name.replace(' ', '_')}.log"

    def start(self) -> None:
        """Start it; what it says goes to the end of its log."""
        self._since = time.monotonic()
        with appended(self.log) as log:
            self.process = subprocess.Popen(
                self.server.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def end_in_words(self) -> str | None:
        """How it ended; None while it runs."""
        code = None if self.process is None else self.process.poll()
        if code is None:
            return None
        if code < 0:
            return f"The {self.server.name} was ended by {signal.Signals(-code).name}"
        last = last_line(self.log)
        return f"The {self.server.name} ended with code {code}" + (f" ({last})" if last else "")

    def look_after(self) -> str | None:
        """Start it again when it is time to; a line about it when it has just died."""
        cut(self.log)
        if self.process is None:
            return self._start_again() if time.monotonic() >= self._again_at else None
        words = self.end_in_words()
        if words is None:
            return None
        # Runs of the pipeline are children of the code server: nobody would look after them.
        end_groups([self.process.pid], _PATIENCE)
        self.process = None
        return self._wait(words)

    def _start_again(self) -> str | None:
        try:
            self.start()
        except OSError as error:
            return self._wait(f"The {self.server.name} cannot start ({error.strerror or error})")
        return None

    def _wait(self, words: str) -> str:
        wait = self._back_off.after(time.monotonic() - self._since)
        self._again_at = time.monotonic() + wait
        return f"{words}; it starts again in {wait:g} s. Its log: {self.log}"
