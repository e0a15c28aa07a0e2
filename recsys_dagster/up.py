"""`recsys up`: the pipeline UI with its daemon, and the app, under one parent."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from recsys_dagster.errors import RecsysError

HOST = "127.0.0.1"
_PATIENCE = 8.0
_READY_WITHIN = 90.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start; `port` is where it answers."""

    name: str
    command: Sequence[str]
    port: int

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"http://{HOST}:{self.port}"


def servers(pipeline_port: int, app_port: int) -> list[Server]:
    """The pipeline UI (with its daemon) and the app."""
    found = find_spec("streamlit_app")
    if found is None or found.origin is None:
        raise RecsysError("The app is not installed beside the package. Install it again.")
    app = Path(found.origin).with_name("app.py")
    return [
        Server(
            "pipeline",
            [sys.executable, "-m", "dagster", "dev", "-m", "recsys_dagster.definitions",
             "-h", HOST, "-p", str(pipeline_port), "--log-level", "warning"],
            pipeline_port,
        ),
        Server(
            "app",
            [sys.executable, "-m", "streamlit", "run", str(app),
             "--server.address", HOST, "--server.port", str(app_port), "--server.headless", "true",
             "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false"],
            app_port,
        ),
    ]  # fmt: skip


@contextmanager
def running(wanted: Sequence[Server]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start servers, each in a process group of its own; on the way out none is left.

    Raises
    ------
    RecsysError
        A port is taken.
    """
    for server in wanted:
        if _answers(server.port):
            raise RecsysError(
                f"Port {server.port} is taken already. Choose another for the {server.name} "
                f"with --{server.name}-port."
            )
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for server in wanted:
            processes.append(subprocess.Popen(server.command, start_new_session=True))  # noqa: PERF401
        yield processes
    finally:
        _end(processes)


def wait_until_ready(wanted: Sequence[Server], processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait until every server answers.

    Raises
    ------
    RecsysError
        One ended, or took too long.
    """
    deadline = time.monotonic() + _READY_WITHIN
    for server, process in zip(wanted, processes, strict=True):
        while not _answers(server.port):
            if process.poll() is not None:
                raise RecsysError(f"The {server.name} ended with code {process.returncode}.")
            if time.monotonic() > deadline:
                raise RecsysError(f"The {server.name} did not answer within {_READY_WITHIN:g} s.")
            time.sleep(0.2)


def wait_until_one_ends(wanted: Sequence[Server], processes: list[subprocess.Popen[bytes]]) -> None:
    """Wait for as long as all run.

    Raises
    ------
    RecsysError
        One has ended.
    """
    while True:
        for server, process in zip(wanted, processes, strict=True):
            if process.poll() is not None:
                raise RecsysError(f"The {server.name} ended with code {process.returncode}.")
        time.sleep(0.5)


@contextmanager
def stopped_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the program as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask every group to end, then make it."""
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    deadline = time.monotonic() + _PATIENCE
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(deadline - time.monotonic(), 0.1))
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
