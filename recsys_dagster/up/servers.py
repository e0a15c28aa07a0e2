"""What `recsys up` starts."""

import json
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.up import hosts

_LOCATION = "recsys_dagster"
_CODE, _UI = "recsys_dagster.defs.code_server", "recsys_dagster.defs.pipeline_ui"


@dataclass(frozen=True, slots=True)
class Server:
    """A server to start.

    Attributes
    ----------
    name
        What users know it as; its log is called so too.
    command
        What starts it.
    listens
        The host and port, or the socket file, where it answers; None: nobody connects to it.
    needed
        Whether those after it need it: they are started once it answers.
    """

    name: str
    command: Sequence[str]
    listens: tuple[str, int] | Path | None = None
    needed: bool = False

    @property
    def address(self) -> str | None:
        """Where a browser on this machine finds it."""
        return hosts.address(*self.listens) if isinstance(self.listens, tuple) else None

    def answers(self) -> bool:
        """Whether it takes connections; one to which nobody connects always does."""
        if isinstance(self.listens, tuple):
            return hosts.answers(*self.listens)
        return self.listens is None or _socket_answers(self.listens)


def servers(host: str, pipeline_port: int, app_port: int | None, folder: Path) -> list[Server]:
    """The app, where it has a port, and the three processes of the pipeline.

    The pipeline's code is loaded once, by a server that the UI and the daemon share; each
    would start one of its own otherwise. It listens on a socket file: whoever reaches it can run
    code.

    Parameters
    ----------
    host, pipeline_port, app_port
        Where app and UI listen.
    folder
        For the socket and the file that names it; nobody else may be able to look into it, and
        its path has to be short (the system allows some hundred letters).
    """
    code, workspace = folder / "code.sock", folder / "workspace.yaml"
    location = {"grpc_server": {"socket": str(code), "location_name": _LOCATION}}
    workspace.write_text(json.dumps({"load_from": [location]}), encoding="utf-8")  # JSON is YAML
    python, where = [sys.executable, "-m"], ["-w", str(workspace)]
    web = [*where, "-h", host, "-p", str(pipeline_port)]
    pipeline = [
        Server("code server", [*python, _CODE, str(code)], code, needed=True),
        Server("pipeline", [*python, _UI, *web], (host, pipeline_port)),
        Server("daemon", [*python, "dagster._daemon", "run", *where]),
    ]
    if app_port is None:
        return pipeline
    return [Server("app", [*python, *_streamlit(host, app_port)], (host, app_port)), *pipeline]


def _streamlit(host: str, port: int) -> list[str]:
    """The app's command; what protects its visitors is said here, lest a config undoes it."""
    found = find_spec("streamlit_app")
    if found is None or found.origin is None:
        raise RecsysError("The app is not installed beside the package. Install it again.")
    # Reached from elsewhere it has names that are not known here.
    names = () if hosts.is_loopback(host) else ("--server.allowedHosts", "*")
    options = {
        "server.address": host,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "server.enableCORS": "true",
        "server.enableXsrfProtection": "true",
        "browser.gatherUsageStats": "false",
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return ["streamlit", "run", str(Path(found.origin).with_name("app.py")), *flags, *names]


def addresses(wanted: Sequence[Server], settings: Settings) -> dict[str, str]:
    """Where the servers are, as the app has to know it; what the settings say stays."""
    names = {"app": "spotipy_redirect_uri", "pipeline": "pipeline_url"}
    return {
        str(Settings.model_fields[field].alias): server.address
        for server in wanted
        if server.address and (field := names[server.name]) not in settings.model_fields_set
    }


def refuse_unusable_ports(wanted: Sequence[Server]) -> None:
    """Raise `RecsysError` where a server could not listen."""
    for server in wanted:
        if isinstance(server.listens, tuple):
            hint = f"Choose another for the {server.name} with --{server.name}-port."
            hosts.refuse_unusable(*server.listens, hint)


def _socket_answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        return probe.connect_ex(str(path)) == 0
