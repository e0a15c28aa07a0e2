"""The command that runs a stage's job."""

import os
import shlex
import sys
from importlib.util import find_spec
from pathlib import Path

from recsys_dagster.engines.spark.where import found
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.storage.layout import Layout

CHECKPOINTS = "spark.checkpoint.dir"
_OURS = {
    "spark.log.level": "WARN",
    "spark.ui.port": "0",  # whatever is free: two jobs at once are no matter for a warning
    "spark.ui.showConsoleProgress": "false",
}


def command(settings: Settings, name: str, program: Path) -> list[str]:
    """The words that run a program on the cluster that the settings name.

    A Spark Connect client is plain Python. For a master it is the cluster's own `spark-submit`
    where SPARK_HOME names it, or else the one in pyspark; RECSYS_SPARK_SUBMIT comes after our own
    options and so wins over them.

    Raises
    ------
    RecsysError
        The settings are wrong, or something is not installed.
    """
    place = found(settings)
    if place.connect:
        return [sys.executable, str(program)]
    ours = {**_OURS, CHECKPOINTS: str(checkpoints(settings))}
    options = [word for pair in ours.items() for word in ("--conf", "=".join(pair))]
    theirs = _words(settings.spark_submit)
    return [_spark_submit(), "--master", place.address, "--name", name, *options, *theirs,
            str(program)]  # fmt: skip


def checkpoints(settings: Settings) -> Path:
    """Where Spark keeps what long work has come to; of a Spark Connect server it is its own."""
    return Layout(settings.data_dir).temporary / "spark-checkpoints"


def environment(settings: Settings) -> dict[str, str]:
    """What the command needs beside the environment of this process.

    Workers run Python as PYSPARK_PYTHON says, or else this one, which they see under the same
    path; those of a Spark Connect server are its own matter.
    """
    python = os.environ.get("PYSPARK_PYTHON", sys.executable)
    safe = {"PYTHONSAFEPATH": "1"}  # the modules beside the program are no modules of their own
    return {
        **safe,
        "PYSPARK_DRIVER_PYTHON": sys.executable,
        "PYSPARK_PYTHON": python,
        "RECSYS_DATA_DIR": str(settings.data_dir),
    }


def _words(options: str) -> list[str]:
    try:
        return shlex.split(options)
    except ValueError as error:
        raise RecsysError(f"RECSYS_SPARK_SUBMIT cannot be read: {error}.") from None


def _spark_submit() -> str:
    home = os.environ.get("SPARK_HOME")
    if not home:
        spec = find_spec("pyspark")
        assert spec is not None  # noqa: S101 - `found` has looked
        assert spec.origin is not None  # noqa: S101
        home = str(Path(spec.origin).parent)
    program = Path(home) / "bin" / "spark-submit"
    if not program.exists():
        raise RecsysError(f"There is no {program}. Correct SPARK_HOME, or leave it out.")
    return str(program)
