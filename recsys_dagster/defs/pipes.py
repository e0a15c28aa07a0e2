"""A stage's job on a cluster, as the step of an asset sees it: Dagster Pipes.

The job is a process group of its own, and a keeper ends it when this process is killed: neither
Python nor a JVM stays behind, however a step ends.
"""

import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_pipes import PipesMessage, PipesParams

from recsys_dagster.engines.spark.submitting import checkpoints, command, environment
from recsys_dagster.engines.spark.telling import NOTE
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.stages.job import DATA_DIR, MADE, PROGRAM, STAGE, TROUBLE
from recsys_dagster.up.groups import end_groups
from recsys_dagster.up.keeper import Keeper
from recsys_dagster.web.secrecy import Secrets

_LAST_LINES = 20
_Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MadeOnCluster:
    """What a job made.

    Attributes
    ----------
    outputs
        The files and folders that it wrote.
    facts
        About them, as JSON.
    metadata
        What it reported to Dagster: Spark's version, and where it ran.
    """

    outputs: tuple[Path, ...]
    facts: dict[str, Any]
    metadata: Mapping[str, Any]


def run_on_cluster(
    context: dg.AssetExecutionContext,
    settings: Settings,
    stage: str,
    extras: Mapping[str, Any],
    tell: _Tell = lambda _: None,
    program: Path = PROGRAM,
) -> MadeOnCluster:
    """Make a stage on the cluster that the settings name.

    Parameters
    ----------
    context
        Of the asset; the job's log lines go into its log.
    settings
        The settings in force.
    stage
        Its name.
    extras
        What the job is told besides, as JSON.
    tell
        Is told in a few words how far the work is, from another thread.
    program
        What to run instead of the stages' own job.

    Raises
    ------
    Failure
        With one sentence: settings, cluster or input are to blame.
    RuntimeError
        The job ended by itself, without having said what it made.
    """
    told = {**extras, STAGE: stage, DATA_DIR: str(settings.data_dir)}
    try:
        words = command(settings, f"recsys {stage}", program)
    except RecsysError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    log = _Log(context, Secrets(settings.secrets()))
    inner = context.op_execution_context  # of the asset's own, Pipes reads what is deprecated
    with dg.open_pipes_session(
        inner, dg.PipesTempFileContextInjector(), _Reader(tell), extras=told
    ) as session:
        try:
            code = _run(words, {**environment(settings), **session.get_bootstrap_env_vars()}, log)
        finally:
            shutil.rmtree(checkpoints(settings), ignore_errors=True)
    return _made(session, f"The job on Spark ended with code {code}: {log.last}")


def _run(words: Sequence[str], more: Mapping[str, str], log: "_Log") -> int:
    """Run a command to its end; whatever happens here ends its whole process group."""
    keeper = Keeper()
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env={**environ, **more},
        start_new_session=True,
    )
    keeper.keep([process.pid])
    reader = threading.Thread(target=log.read, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        return process.wait()
    finally:
        end_groups([process.pid], reap=process.poll)
        reader.join(5)
        keeper.keep([])
        keeper.close()


class _Log:
    """What a job prints: debugging lines of the asset, without secrets."""

    def __init__(self, context: dg.AssetExecutionContext, secrets: Secrets) -> None:
        self._context, self._secrets = context, secrets
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)

    @property
    def last(self) -> str:
        return "\n".join(self._lines) or "it printed nothing"

    def read(self, printed: Any) -> None:
        with printed:
            for line in printed:
                said = self._secrets.out_of(line.rstrip())
                self._lines.append(said)
                self._context.log.debug(said)


class _Reader(dg.PipesTempFileMessageReader):
    """Passes notes on as they come; all else goes Dagster's way."""

    def __init__(self, tell: _Tell) -> None:
        super().__init__()
        self._tell = tell

    @property
    def expected_writer_count(self) -> int:
        """One job; Dagster's own property warns at each call that it is new."""
        return 1

    @contextmanager
    def read_messages(self, handler: dg.PipesMessageHandler) -> Iterator[PipesParams]:
        """Read what the job sends."""
        handle = handler.handle_message

        def handle_or_tell(message: PipesMessage) -> None:
            payload = (message.get("params") or {}).get("payload")
            if isinstance(payload, dict) and NOTE in payload:
                self._tell(payload[NOTE])
            else:
                handle(message)

        handler.handle_message = handle_or_tell  # type: ignore[method-assign]
        with super().read_messages(handler) as params:
            yield params


def _made(session: dg.PipesSession, otherwise: str) -> MadeOnCluster:
    for message in session.get_custom_messages():
        if TROUBLE in message:
            raise dg.Failure(message[TROUBLE], allow_retries=False)
        if MADE in message:
            made = message[MADE]
            results = [one.metadata or {} for one in session.get_reported_results()]
            return MadeOnCluster(
                tuple(map(Path, made["outputs"])),
                made["facts"],
                {name: value for one in results for name, value in one.items()},
            )
    raise RuntimeError(otherwise)
