"""Each history file as it was read: kept by its content, so that it is read once.

What is kept lies in a cache folder: wiping it costs reading again and nothing else. A part is
named after the content of its file, the version of its reader and, where the file does not say
whose it is, the listener; a zip's index names the parts of its members.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import without_emails
from recsys_dagster.files.zips import is_zip, unpacked
from recsys_dagster.listening.formats import FORMATS
from recsys_dagster.listening.naming import listener_of
from recsys_dagster.listening.reading import read_history, recognise
from recsys_dagster.listening.readings import Reading
from recsys_dagster.masking import masked
from recsys_dagster.storage.atomic import atomic_path, write_json
from recsys_dagster.storage.hashing import checksum, content_hash, hash_json

_ZIPS_VERSION = 1
_CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class Part:
    """The listens of one history file, as it has them.

    Attributes
    ----------
    name
        Tells the content and how it was read.
    content
        Hash of the file.
    table
        Parquet file of `LISTENS_SCHEMA`, in the file's order.
    reading
        What the file held.
    """

    name: str
    content: str
    table: Path
    reading: Reading


class Parts:
    """The parts that have been read, in a cache folder.

    Parameters
    ----------
    folder
        The cache.
    most_unpacked
        Bytes that may come out of one zip at most; see `unpacked`.

    Attributes
    ----------
    folder
        As above.
    used
        The names of what this reader was asked for.
    """

    def __init__(self, folder: Path, most_unpacked: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._most_unpacked = most_unpacked
        self.folder = folder
        self.used: set[str] = set()

    def read(self, file: Path, shown: PurePath) -> Iterator[Part | str]:
        """Read a history file, or all in a zip; what cannot be used comes as words.

        Parameters
        ----------
        file
            Where it lies.
        shown
            Its path in `raw/history`, which may say whose it is.
        """
        try:
            if is_zip(file):
                yield from self._read_zip(file, shown)
            else:
                yield self._read_file(file, shown)
        except RecsysError as error:
            yield masked(str(error))

    def forget_others(self) -> None:
        """Remove what was kept of files that this reader was not asked for."""
        for kept in self.folder.iterdir():
            if kept.is_file() and kept.stem not in self.used:
                kept.unlink()

    def _read_file(self, file: Path, shown: PurePath) -> Part:
        form, sample = recognise(file)
        listener = listener_of(shown)
        content = content_hash(file)
        whose = "" if form.names_listeners(sample) else f"-{hash_json(listener)[:8]}"
        name = f"{content[:16]}-{hash_json([form.name, form.version])[:6]}{whose}"
        self.used.add(name)
        table, report = self.folder / f"{name}.parquet", self.folder / f"{name}.json"
        reading = _known_reading(table, report)
        if reading is None:
            with atomic_path(table) as path:
                reading = read_history(file, path, listener)
                # The report comes first: where the table is, its report is too.
                _keep(report, {"reading": reading.to_dict(), "hash": content_hash(path)})
        return Part(name, content, table, replace(reading, file=_tellable(shown)))

    def _read_zip(self, file: Path, shown: PurePath) -> Iterator[Part | str]:
        content = content_hash(file)
        index = self.folder / f"{content}-{_readers()}-{hash_json(shown.as_posix())[:8]}.json"
        self.used.add(index.stem)
        if known := self._known_zip(index):
            yield from known
            return
        found: list[Part] = []
        with unpacked(file, self._most_unpacked) as (members, refused):
            for member, relative in members:
                try:
                    found.append(self._read_file(member, shown / relative))
                except RecsysError as error:
                    if _is_table(relative):
                        refused.append((str(relative), f"{shown.name}/{error}"))
        yield from found
        reasons = [masked(reason) for _, reason in refused]
        reasons += [] if found else [f"{shown.name} holds no listening history."]
        yield from reasons
        entries = [{"name": one.name, "content": one.content, "file": one.reading.file}
                   for one in found]  # fmt: skip
        _keep(index, {"parts": entries, "refused": reasons})

    def _known_zip(self, index: Path) -> list[Part | str]:
        """What a zip was read to hold; empty where that is not known, or not whole."""
        try:
            known = _load(index) or {"parts": [], "refused": []}
            parts = [self._known_part(entry) for entry in known["parts"]]
            return [] if None in parts else [*(one for one in parts if one), *known["refused"]]
        except (KeyError, TypeError):
            return []

    def _known_part(self, entry: dict[str, str]) -> Part | None:
        self.used.add(entry["name"])
        table = self.folder / f"{entry['name']}.parquet"
        reading = _known_reading(table, table.with_suffix(".json"))
        if reading is None:
            return None
        return Part(entry["name"], entry["content"], table, replace(reading, file=entry["file"]))


def _tellable(shown: PurePath) -> str:
    """A path for reports: of e-mail addresses in it stays what is before the @."""
    return "/".join(without_emails(part) for part in shown.parts)


def _readers() -> str:
    """Changes with any reader: then a zip is looked through again."""
    return hash_json([_ZIPS_VERSION, *[(form.name, form.version) for form in FORMATS]])[:8]


def _is_table(path: PurePosixPath) -> bool:
    """Whether a file of an export is meant as a table; of others it holds many."""
    return path.suffix.lower() in {".csv", ".tsv"}


def _keep(path: Path, document: dict[str, Any]) -> None:
    write_json(path, {**document, _CHECKSUM: checksum(document)})


def _load(path: Path) -> Any:
    """What `_keep` wrote, or the first versions without a checksum; `None`: gone or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if found.get(_CHECKSUM) in {None, checksum(found)} else None
    except (OSError, ValueError, AttributeError, TypeError):
        return None


def _known_reading(table: Path, report: Path) -> Reading | None:
    """What a part was read to hold, unless it is missing or not as it was written."""
    known = _load(report)
    try:
        if known and content_hash(table) == known["hash"]:
            return Reading.from_dict(known["reading"])
    except (OSError, KeyError, TypeError):
        pass
    return None
