"""Kills `recsys run` at a chosen moment of a chosen stage, as `kill -9` does.

Starting Python and Dagster takes longer than most stages, so runs are forked from a process that
has imported them and done nothing else; each is the leader of its own process group.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from recsys_dagster.workshop import STAGES
from recsys_dagster_tests.commands import COMMAND, Result, environment
from recsys_dagster_tests.forking import be_at, forks, say_into

PIPELINE = ("pipeline",)
_STARTS = "starts"
_STARTING = 6.0
"""Seconds until Python and Dagster have started, more or less."""


@dataclass(frozen=True)
class Moment:
    """Some seconds after a stage begins, or after its outputs lie there and its stamp does not.

    The delay ends early where the stage does: a kill falls into the stage that it is meant for.
    """

    stage: str
    when: str
    delay: float

    @property
    def too_late(self) -> set[str]:
        """Stages that need this one begin: it was done before, and they are as good a moment."""
        needing = {self.stage}
        for stage in STAGES.values():  # in an order in which each comes after what it needs
            if needing & set(stage.upstream):
                needing.add(stage.name)
        return {f"begins {name}" for name in needing - {self.stage}}

    @classmethod
    def draw(cls, stage: str, seconds: float, rng: random.Random) -> "Moment":
        """Within a stage that takes some seconds; one in four just before its stamp."""
        if rng.random() < 0.25:
            return cls(stage, "stamps", rng.uniform(0, 0.004))
        return cls(stage, "begins", rng.uniform(0, seconds))


class Run:
    """`recsys run` in a process of its own, which tells of its moments.

    Parameters
    ----------
    data_dir
        The data folder.
    words
        Another command, with its arguments; `PIPELINE` does what a run that was started in the
        pipeline UI does.
    log
        Where its errors go.
    sabotage
        What happens at one of its moments, as the module `sabotaged` has it.
    """

    def __init__(
        self,
        data_dir: Path,
        words: tuple[str, ...] = ("run",),
        log: Path | None = None,
        sabotage: tuple[str, ...] = (),
    ) -> None:
        self.log = log or _log(data_dir)
        self._told, tells = forks().Pipe(duplex=False)
        self._process = forks().Process(
            target=_run,
            args=(Path.cwd(), environment(), data_dir, words, self.log, sabotage, tells),
        )
        self._process.start()
        tells.close()
        self.last = _STARTS
        """The moment that it has told of last."""

    def moments(self) -> Iterator[str]:
        """The moments that come, until it is over."""
        while True:
            try:
                self.last = self._told.recv()
            except (EOFError, OSError):
                return
            yield self.last

    def wait(self, seconds: float) -> None:
        """Let it work for some seconds, or until it comes to its next moment."""
        self._told.poll(seconds)

    def kill(self) -> bool:
        """Kill its group; whether it was still there."""
        if self._process.pid and self._process.is_alive():
            with suppress(ProcessLookupError):  # it ends at this moment
                os.killpg(self._process.pid, signal.SIGKILL)
        self.join()
        return self._process.exitcode == -signal.SIGKILL

    def join(self) -> int:
        """Let it end by itself; its exit code."""
        for _ in self.moments():
            pass
        self._process.join()
        return int(self._process.exitcode or 0)


@contextmanager
def running(data_dir: Path) -> Iterator[Run]:
    """A run that does not outlive the block."""
    run = Run(data_dir)
    try:
        yield run
    finally:
        run.kill()


def kill(data_dir: Path, moment: Moment) -> str | None:
    """Start a run and kill its group at a moment; what it was at, or `None` if it was over."""
    with running(data_dir) as run:
        for told in run.moments():
            if told == f"{moment.when} {moment.stage}":
                run.wait(moment.delay)
                break
            if told in moment.too_late:
                break
        return run.last if run.kill() else None


def kill_at_start(data_dir: Path, rng: random.Random) -> str | None:
    """Kill a process of its own while Python and Dagster start, or a little later."""
    pid = os.posix_spawn(
        sys.executable,
        [*COMMAND, "run", "--data-dir", str(data_dir)],
        environment(),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)
        ],
        setsid=True,
    )
    time.sleep(rng.uniform(0, _STARTING))
    os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return _STARTS if os.WIFSIGNALED(status) else None


def time_stages(data_dir: Path) -> dict[str, float]:
    """Run to the end; the seconds from the beginning of each stage to its end, in order."""
    begun: dict[str, float] = {}
    taken: dict[str, float] = {}
    with running(data_dir) as run:
        for moment in run.moments():
            when, _, stage = moment.partition(" ")
            if when == "begins":
                begun[stage] = time.monotonic()
            elif when == "ends":
                taken[stage] = time.monotonic() - begun[stage]
        code = run.join()
    assert code == 0, said_by(data_dir)
    return taken


def finish(data_dir: Path, sabotage: tuple[str, ...] = (), log: Path | None = None) -> Result:
    """Run to whatever end it has: exit code, last moment, and errors, which go to `log`."""
    run = Run(data_dir, log=log, sabotage=sabotage)
    return Result(run.join(), run.last, run.log.read_text(encoding="utf-8"))


def said_by(data_dir: Path) -> str:
    """What the last run of a folder said on standard error."""
    return _log(data_dir).read_text(encoding="utf-8")


def _log(data_dir: Path) -> Path:
    return data_dir.with_name(f"{data_dir.name}.log")


def _run(
    place: Path,
    surroundings: Mapping[str, str],
    data_dir: Path,
    words: tuple[str, ...],
    log: Path,
    sabotage: tuple[str, ...],
    tells: Connection,
) -> None:
    """What the forked process does."""
    from recsys_dagster import cli
    from recsys_dagster_tests.reliability.sabotaged import Sabotage, install

    os.setsid()
    be_at(place, surroundings)
    say_into(os.devnull, log)
    tells.send(_STARTS)
    install(Sabotage(tells.send, *sabotage).reached)
    if words == PIPELINE:
        _materialise_all(data_dir)
    else:
        sys.argv[1:] = [*words, "--data-dir", str(data_dir)]
        cli.main()


def _materialise_all(data_dir: Path) -> None:
    """The job as Dagster's own processes run it: each stage takes the lock for itself."""
    import dagster as dg

    from recsys_dagster.commands.progress import LogProgress
    from recsys_dagster.definitions import defs
    from recsys_dagster.defs.jobs import EVERYTHING
    from recsys_dagster.progress import watched_by

    os.environ |= {"RECSYS_DATA_DIR": str(data_dir), "DAGSTER_HOME": str(data_dir / "dagster")}
    (data_dir / "dagster").mkdir(parents=True, exist_ok=True)
    with dg.DagsterInstance.get() as instance, watched_by(LogProgress()):
        job = defs.resolve_job_def(EVERYTHING)
        sys.exit(not job.execute_in_process(instance=instance, raise_on_error=False).success)
