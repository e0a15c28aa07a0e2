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
from recsys_dagster.settings import Settings

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
    app, package = Path(found.origin).with_name("app.py"), Path(__file__).parent
    streamlit = ["--server.address", HOST, "--server.port", str(app_port),
                 "--server.headless", "true", "--server.fileWatcherType", "none",
                 "--browser.gatherUsageStats", "false"]  # fmt: skip
    dagster = ["-w", str(package / "workspace.yaml"), "-h", HOST, "-p", str(pipeline_port)]
    return [
        Server("app", [sys.executable, "-m", "streamlit", "run", str(app), *streamlit], app_port),
        Server("pipeline", [sys.executable, "-m", "dagster", "dev", *dagster], pipeline_port),
    ]


def addresses(wanted: Sequence[Server], settings: Settings) -> dict[str, str]:
    """Where the servers are, as the app has to know it; what the settings say stays."""
    names = {"app": "spotipy_redirect_uri", "pipeline": "pipeline_url"}
    return {
        str(Settings.model_fields[field].alias): server.address
        for server in wanted
        if (field := names[server.name]) not in settings.model_fields_set
    }


@contextmanager
def running(wanted: Sequence[Server], logs: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start servers, each in a process group of its own; on the way out none is left.

    Parameters
    ----------
    wanted
        The servers.
    logs
        Directory for a log file of each.

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
    logs.mkdir(parents=True, exist_ok=True)
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for server in wanted:
            with (logs / f"{server.name}.log").open("wb") as log:
                processes.append(
                    subprocess.Popen(
                        server.command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=subprocess.STDOUT,
                        start_new_session=True,
                    )
                )
        yield processes
    finally:
        _end(processes)


def wait_until_ready(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Wait until a server answers.

    Raises
    ------
    RecsysError
        It ended, or took too long.
    """
    deadline = time.monotonic() + _READY_WITHIN
    while not _answers(server.port):
        refuse_ended(server, process)
        if time.monotonic() > deadline:
            raise RecsysError(f"The {server.name} did not answer within {_READY_WITHIN:g} s.")
        time.sleep(0.2)


def refuse_ended(server: Server, process: subprocess.Popen[bytes]) -> None:
    """Raise `RecsysError` when a server has ended."""
    if process.poll() is not None:
        raise RecsysError(
            f"The {server.name} ended with code {process.returncode}; its log is "
            f"{server.name}.log in the folder cache/logs of the data folder."
        )


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Let SIGTERM and a closed terminal end the program as Ctrl-C does.

    Ctrl-C does too where a shell has switched it off.
    """

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, interrupt) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


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
