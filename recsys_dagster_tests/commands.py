"""The `recsys` command as users have it: its own process, its output, its exit code."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "recsys_dagster.cli"]
_ENVIRONMENT = {"PYTHONIOENCODING": "utf-8", "COLUMNS": "160"}


@dataclass(frozen=True)
class Result:
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)


def environment() -> dict[str, str]:
    """The environment of a command: this one, with nothing of a DAGSTER_HOME from outside."""
    kept = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    return {**kept, **_ENVIRONMENT}


def recsys(*arguments: str | Path, seconds: float = 240) -> Result:
    """Run `recsys` to its end."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment(),
        timeout=seconds,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)
