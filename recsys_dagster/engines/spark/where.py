"""Where Spark is, and whether what it takes to get there is on this machine."""

import os
import shutil
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings

REMOTE, MASTER = "SPARK_REMOTE", "SPARK_MASTER"
_EXAMPLES = f"{REMOTE}=sc://host:15002 (Spark Connect) or {MASTER}=spark://host:7077"


@dataclass(frozen=True, slots=True)
class Where:
    """A Spark Connect server, or a cluster's master; shown without a token.

    Attributes
    ----------
    address
        As pyspark takes it; it may hold a token.
    shown
        Fit for messages.
    connect
        Whether it is a Spark Connect server.
    """

    address: str = field(repr=False)
    shown: str
    connect: bool


def where(settings: Settings) -> Where:
    """The cluster that the settings name.

    Raises
    ------
    RecsysError
        They name none, two, or an address that cannot be one.
    """
    remote = settings.spark_remote.get_secret_value().strip() if settings.spark_remote else ""
    master = (settings.spark_master or "").strip()
    if remote and master:
        raise RecsysError(f"{REMOTE} and {MASTER} are both set. Leave the one set that you mean.")
    if not remote and not master:
        raise RecsysError(
            f"RECSYS_ENGINE is spark, but nothing says where Spark is. Set {_EXAMPLES}."
        )
    if remote:
        return Where(remote, _server(remote), connect=True)
    if master.startswith("sc://"):
        raise RecsysError(f"{MASTER} is a Spark Connect address; that belongs in {REMOTE}.")
    return Where(master, master, connect=False)


def found(settings: Settings) -> Where:
    """The same, if pyspark is there, and for a master Java.

    Raises
    ------
    RecsysError
        Something is not installed, or `where` raises it.
    """
    place = where(settings)
    if find_spec("pyspark") is None:
        raise RecsysError(
            "RECSYS_ENGINE is spark, but pyspark is not installed: "
            "`python3 -m uv sync --extra spark`, or pip install 'recsys-dagster[spark]'."
        )
    if not place.connect and not _has_java():
        raise RecsysError(
            f"{MASTER} needs Java 17 or 21 on this machine, and there is none: install it "
            "(on Debian: apt install openjdk-17-jre-headless) or set JAVA_HOME. "
            f"With {REMOTE} none is needed here."
        )
    return place


def _server(remote: str) -> str:
    """Host and port; what follows them may be a token, and is not repeated."""
    try:
        parts = urlsplit(remote)
        host, port = parts.hostname, parts.port or 15002
    except ValueError:
        host, port = None, 0
    if host is None or not remote.startswith("sc://"):
        # Raised out here it does not carry the original, which may have the token in it.
        raise RecsysError(f"{REMOTE} is no Spark Connect address. It looks like sc://host:15002")
    return f"sc://[{host}]:{port}" if ":" in host else f"sc://{host}:{port}"


def _has_java() -> bool:
    home = os.environ.get("JAVA_HOME")
    return (Path(home) / "bin" / "java").exists() if home else shutil.which("java") is not None
