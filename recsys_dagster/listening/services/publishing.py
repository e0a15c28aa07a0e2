"""A fetched history as files in `raw/history`: one for each year, one listen a line."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Listen
from recsys_dagster.storage.atomic import atomic_path

NO_TIME = "no-time"
"""The file of the listens whose time is unknown."""


class YearFiles:
    """The files of one user of one service.

    Parameters
    ----------
    folder
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest(self, now: float) -> int | None:
        """The time of the newest listen; one that lies ahead of `now` is no time to go by."""
        for file in sorted(self._folder.glob("[0-9]*.jsonl"), reverse=True):
            times = [one.listened_at for one in _read(file) if one.listened_at is not None]
            if past := [at for at in times if at <= now]:
                return max(past)
        return None

    def count(self) -> int:
        """How many listens there are."""
        return sum(file.read_bytes().count(b"\n") for file in self._folder.glob("*.jsonl"))

    def merge(self, listens: Iterable[Listen]) -> list[Path]:
        """Put listens in, the oldest first; files that stay as they are are not touched.

        Of equal listens (same time, artist and title) as many stay as there were at most on
        either side. So a listen may come again, and nothing changes.

        Returns
        -------
        The files that changed.
        """
        by_file: dict[str, list[Listen]] = defaultdict(list)
        for listen in listens:
            by_file[_file_of(listen)].append(listen)
        names = sorted(by_file, key=lambda name: (name != NO_TIME, name))
        files = ((self._folder / f"{name}.jsonl", by_file[name]) for name in names)
        return [file for file, fetched in files if _merge_into(file, fetched)]


def _file_of(listen: Listen) -> str:
    if listen.listened_at is None:
        return NO_TIME
    return f"{datetime.fromtimestamp(listen.listened_at, UTC).year:04d}"


def _merge_into(file: Path, fetched: list[Listen]) -> bool:
    known = _read(file) if file.exists() else []
    merged = sorted(_union(known, fetched), key=_order)
    lines = [json.dumps(listen.to_dict(), ensure_ascii=False).encode() for listen in merged]
    content = b"".join(line + b"\n" for line in lines)
    if file.exists() and file.read_bytes() == content:
        return False
    with atomic_path(file) as path:
        path.write_bytes(content)
    return True


def _union(known: list[Listen], fetched: list[Listen]) -> list[Listen]:
    """The multiset union; where both have a listen, the fetched row: it knows more by now."""
    merged = Counter(fetched)
    found = Counter(map(_identity, fetched))
    missing = Counter(map(_identity, known)) - found
    for listen, count in (Counter(known) - merged).items():
        kept = min(count, missing[_identity(listen)])
        missing[_identity(listen)] -= kept
        merged[listen] += kept
    return list(merged.elements())


def _identity(listen: Listen) -> tuple[int | None, str, str]:
    return listen.listened_at, listen.artist, listen.title


def _order(listen: Listen) -> tuple[int, str]:
    return listen.listened_at or 0, json.dumps(listen.to_dict(), ensure_ascii=False)


def _read(file: Path) -> list[Listen]:
    listens = []
    for number, line in enumerate(file.read_bytes().split(b"\n"), 1):
        if line:
            try:
                listens.append(Listen(**json.loads(line)))
            except (ValueError, TypeError):
                raise RecsysError(
                    f"{file}, line {number}: this is not as it was fetched. Delete the file, and "
                    "fetch again with --full."
                ) from None
    return listens
