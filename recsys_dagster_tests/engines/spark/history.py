"""A history with all that is hard in one, and stages run on it by either engine."""

import shutil
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.settings import load_settings
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.clustered import CLUSTERED
from recsys_dagster.workshop import Workshop
from recsys_dagster_tests.listening.writers import (
    START,
    extended_json,
    jsonl,
    minute_csv,
    plays,
    seconds_csv,
)

HARD_NAME = "the[re] {1}*"
"""Of a folder: Spark takes such signs for patterns."""


def run(folder: Path, on: ComputeEngine, *stages: str) -> list[Facts]:
    shop = Workshop(load_settings(folder))
    return [CLUSTERED[stage](shop, on)[1] for stage in stages]


def write_history(history: Path) -> None:
    """Overlaps, bursts, times unset, spellings, ids, a zip, a copy, and what cannot be read."""
    minute_csv(history / "anna" / "a-minute.csv", plays(60))
    shutil.copyfile(history / "anna" / "a-minute.csv", history / "anna" / "b-copy.csv")
    seconds_csv(history / "anna" / "c-seconds.csv", plays(70, first=30))
    write_zip(history / "anna" / "d-spotify.zip")
    unset = [("Song 3", datetime(1970, 1, 1, tzinfo=UTC))] * 4
    burst = [("Song 0", START + timedelta(seconds=number)) for number in range(10)]
    spelled = [(f"{title} - Remastered 2009", at) for title, at in plays(30, first=200)]
    seconds_csv(history / "bob" / "burst.csv", burst + spelled)
    minute_csv(history / "bob" / "unset.csv", unset + plays(9, first=190))
    jsonl(history / "bob" / "zwölf [1].jsonl", [*plays(40, first=195), ("مرحبا 初音ミク", START)])
    (history / "bob" / "broken.csv").write_text("this,is\nno,history\n")


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        file = extended_json(path.with_suffix(".json"), plays(60, first=80))
        archive.write(file, "MyData/Streaming_History_Audio_0.json")
        archive.writestr("MyData/other.csv", "not,a\nhistory,file\n")
        file.unlink()
