"""What a data folder holds after trouble, looked at from outside, and what has to hold there."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from recsys_dagster.storage.releases import Releases

ROOMS = ("tables", "models", "evaluation")
_ENDED = {"SUCCESS", "FAILURE", "CANCELED"}
_TIED_TO_AN_ID = ("recommender_release", "user_recommendations")
"""Stages whose fingerprint or version holds the id of a release, and with it the time."""


def contents(data_dir: Path) -> dict[str, str]:
    """The hash of every file that the stages make."""
    return {
        file.relative_to(data_dir).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for room in ROOMS
        for file in sorted((data_dir / room).rglob("*"))
        if file.is_file()
    }


def released(data_dir: Path) -> str:
    """The content of the current release, every file of which was read and found right."""
    return str(Releases(data_dir / "releases").open_current().manifest["content"])


@dataclass(frozen=True)
class Done:
    """What lies there for good, with the times of the files: none may change by another run."""

    stamps: dict[str, int] = field(default_factory=dict)
    batches: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data_dir: Path, wanted: Path) -> "Done":
        """What is there already as the folder `wanted` has it."""
        good, there = _stamps(wanted), _stamps(data_dir)
        stamps = {
            stage: (data_dir / "cache" / "stages" / f"{stage}.json").stat().st_mtime_ns
            for stage, stamp in there.items()
            if stage not in _TIED_TO_AN_ID
            and stamp["fingerprint"] == good.get(stage, {}).get("fingerprint")
            and all((data_dir / name).is_file() for name in stamp["outputs"])
        }
        batches = {
            batch.name: batch.stat().st_mtime_ns
            for batch in _batches(data_dir)
            if _same(batch, wanted / batch.relative_to(data_dir))
        }
        return cls(stamps, batches)

    def done_again(self, data_dir: Path, wanted: Path) -> list[str]:
        """What was done, and was done once more."""
        now = Done.of(data_dir, wanted)
        pairs = ((self.stamps, now.stamps), (self.batches, now.batches))
        return [name for then, later in pairs for name in then if then[name] != later.get(name)]


def troubles(data_dir: Path, temporary: Path) -> Iterator[str]:
    """What is left over, cannot be opened, or counts as running though nothing runs."""
    for room, pattern in ((data_dir, ".tmp-*"), (data_dir, "*-journal"), (temporary, "*")):
        yield from (f"left over: {path}" for path in room.rglob(pattern))
    for name in ("temporary", "under_way.json"):
        if (data_dir / "cache" / name).exists():
            yield f"left over: cache/{name}"
    for path in sorted((data_dir / "dagster").rglob("*.db")):
        with closing(sqlite3.connect(path)) as database:
            if (said := database.execute("PRAGMA integrity_check").fetchone()[0]) != "ok":
                yield f"{path}: {said}"
    with closing(sqlite3.connect(data_dir / "dagster" / "history" / "runs.db")) as database:
        statuses = [status for (status,) in database.execute("SELECT status FROM runs")]
    yield from (f"a run is left {status}" for status in statuses if status not in _ENDED)


def _stamps(data_dir: Path) -> dict[str, dict[str, Any]]:
    found = sorted((data_dir / "cache" / "stages").glob("[!.]*.json"))
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in found}


def _batches(data_dir: Path) -> list[Path]:
    return sorted((data_dir / "tables" / "audio_features").glob("batch=*.parquet"))


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()
