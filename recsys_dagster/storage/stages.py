"""Which stages are done: told by what lies on disk, not by any event log.

A stage that has written its outputs leaves a stamp: what it was made from, and the content
hash of what it wrote. It is current while its fingerprint (code version, settings and the
content of its inputs) is the one in the stamp and its outputs are as they were. The stamp is
written last, so a crash before it means that the stage is done again, to the same bytes.

Readers take a file for what it was while its size and time are; whoever goes on to write reads
it whole, for a disk can lose bits and keep the time.
"""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from recsys_dagster.storage.atomic import flush, write_json
from recsys_dagster.storage.hashing import (
    AT_ONCE,
    FileState,
    checksum,
    hash_file,
    hash_json,
    state_of,
)
from recsys_dagster.storage.layout import Layout

_CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A file as a stage left it: `sha256` decides, size and time spare most of the reading."""

    sha256: str
    size: int
    modified_ns: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a stage was made from and what it wrote.

    `data_version` is a hash over the outputs' names and contents: equal outputs have equal
    versions whenever and wherever they were made.
    """

    fingerprint: str
    data_version: str
    outputs: dict[str, OutputFile]
    facts: dict[str, Any] = field(default_factory=dict)


def fingerprint(
    code_version: str, inputs: Mapping[str, str | None], settings: Mapping[str, Any]
) -> str:
    """Hash of all that a stage's result depends on."""
    return hash_json({"code": code_version, "inputs": dict(inputs), "settings": dict(settings)})


SeenWhole = dict[FileState, str]
"""SHA-256 of files by their state."""


class Stamps:
    """The stamps of one data folder.

    Parameters
    ----------
    layout
        Of the data folder.
    thorough
        Whether to read every output whole, instead of taking it for unchanged where its size and
        time are.
    seen
        The files that were read whole before, which are not read again; it grows. By default
        none, so that each is read once in the life of this object.
    """

    def __init__(
        self, layout: Layout, *, thorough: bool = False, seen: SeenWhole | None = None
    ) -> None:
        self._layout = layout
        self._thorough = thorough
        self._seen: SeenWhole = {} if seen is None else seen

    def read(self, stage: str) -> Stamp | None:
        """The stamp of a stage whose outputs are all as it left them, else `None`."""
        stamp = self._parse(stage)
        if stamp is None or not all(
            self._intact(name, file) for name, file in stamp.outputs.items()
        ):
            return None
        return stamp

    def current(self, stage: str, expected: str) -> Stamp | None:
        """The stamp, if the stage need not be done again."""
        stamp = self.read(stage)
        return stamp if stamp and stamp.fingerprint == expected else None

    def write(
        self, stage: str, expected: str, outputs: Iterable[Path], facts: Mapping[str, Any]
    ) -> Stamp:
        """Record a stage as done; `outputs` are files, or directories with all in them."""
        files = sorted({file for path in outputs for file in _files(path)})
        names = [file.relative_to(self._layout.root).as_posix() for file in files]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            described = dict(zip(names, pool.map(self._describe, files), strict=True))
        version = hash_json({name: file.sha256 for name, file in described.items()})[:16]
        stamp = Stamp(expected, version, described, dict(facts))
        document = asdict(stamp)
        sealed = {**document, _CHECKSUM: _checksum(stage, document)}
        write_json(self._path(stage), sealed)
        return stamp

    def forget(self, stage: str) -> None:
        """Let a stage be done again, such as after a check that it failed."""
        path = self._path(stage)
        if path.exists():
            path.unlink()
            flush(path.parent)

    def _path(self, stage: str) -> Path:
        return self._layout.stamps / f"{stage}.json"

    def _parse(self, stage: str) -> Stamp | None:
        try:
            found = json.loads(self._path(stage).read_text(encoding="utf-8"))
            # Stamps of the first versions have none.
            if _CHECKSUM in found and found.pop(_CHECKSUM) != _checksum(stage, found):
                return None
            outputs = {name: OutputFile(**file) for name, file in found.pop("outputs").items()}
            return Stamp(outputs=outputs, **found)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None  # never done, or damaged: do it again

    def _intact(self, name: str, recorded: OutputFile) -> bool:
        path = self._layout.root / name
        try:
            status = path.stat()
            if status.st_size != recorded.size:
                return False
            if not self._thorough and status.st_mtime_ns == recorded.modified_ns:
                return True
            return self._hash(path, status) == recorded.sha256
        except (OSError, ValueError):
            return False  # gone, or a name that no file can have

    def _describe(self, path: Path) -> OutputFile:
        status = path.stat()
        return OutputFile(self._hash(path, status), status.st_size, status.st_mtime_ns)

    def _hash(self, path: Path, status: os.stat_result) -> str:
        known = state_of(path, status)
        if known not in self._seen:
            self._seen[known] = hash_file(path)
        return self._seen[known]


def _checksum(stage: str, document: Mapping[str, Any]) -> str:
    """Over the stamp and whose it is: the stamp of another stage is none."""
    return checksum({"stage": stage, **document})


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
