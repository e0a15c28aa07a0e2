"""The `recsys` command as users have it: its own process, its output, its exit code."""

import json
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys_dagster_tests.forking import be_at, end_with, forks, say_into

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
    """Run `recsys` to its end, in a process of its own that has its imports done."""
    with tempfile.TemporaryDirectory(prefix="said-") as folder:
        said = Path(folder, "out"), Path(folder, "err")
        words = [*map(str, arguments)]
        process = forks().Process(target=_command, args=(words, environment(), Path.cwd(), *said))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise TimeoutError(f"recsys {words} took more than {seconds} s")
        out, err = (file.read_text(encoding="utf-8") for file in said)
    return Result(int(process.exitcode), out, err)


def _command(
    words: list[str], surroundings: dict[str, str], place: Path, out: Path, err: Path
) -> None:
    """What the process does."""
    from recsys_dagster import cli

    say_into(out, err)
    be_at(place, surroundings)
    sys.argv[1:] = words
    end_with(cli.main)
