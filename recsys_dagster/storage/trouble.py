"""What the disk did, in words: full, read-only, gone; whoever noticed it first.

A full disk is met by Python, Polars, SQLite or Dagster, and each has its own words for it. A
person needs one sentence: which disk, how much is free, and that nothing that was done is lost.
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import FolderGoneError, is_gone
from recsys_dagster.storage.raw import find_raw_files

_FULL = ("no space left on device", "disk quota exceeded", "database or disk is full")
_READ_ONLY = ("read-only file system", "readonly database")
_FORBIDDEN = ("permission denied",)
_SICK = ("disk i/o error", "unable to open database file", "database disk image is malformed")
_FULL_NUMBERS = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN_NUMBERS = {errno.EACCES, errno.EPERM}
_MEASURED = 1 << 24
"""A disk with fewer bytes is full, also where a database only says that it cannot write."""
_FEW_FILES = 1000
_AT_LEAST, _PER_BYTE = 30e6, 2.5
"""Measured: what a run leaves beside the histories, and for each byte of them."""
KEPT = "What was finished is kept, and `recsys run` goes on from there."


class MemoryWantedError(RecsysError):
    """There was not enough memory."""

    def __init__(self) -> None:
        super().__init__(f"There is not enough memory. Close other programs. {KEPT}")


def trouble_in_words(error: BaseException, root: Path) -> RecsysError | None:
    """The error to show in the place of one that a disk caused; `None` where none did.

    Parameters
    ----------
    error
        Whatever was raised, by whatever library; its causes are looked at too.
    root
        The data folder.
    """
    chain = list(_chain(error))
    if found := next((one for one in chain if isinstance(one, RecsysError)), None):
        return found
    if any(isinstance(one, MemoryError) for one in chain):
        return MemoryWantedError()
    blamed = any(isinstance(one, OSError) or _says(one, _FULL + _READ_ONLY + _FORBIDDEN + _SICK)
                 for one in chain)  # fmt: skip
    if not blamed:
        return None
    if is_gone(Layout(root)):
        return FolderGoneError(root)
    where = next((one.filename for one in chain if isinstance(one, OSError) and one.filename), None)
    return _words(chain, Path(str(where)) if where else root, root)


def _words(chain: list[BaseException], where: Path, root: Path) -> RecsysError | None:
    numbers = {one.errno for one in chain if isinstance(one, OSError)}
    if numbers & _FULL_NUMBERS or _any_says(chain, _FULL):
        return _full(where, root)
    if errno.EROFS in numbers or _any_says(chain, _READ_ONLY):
        return RecsysError(
            f"Nothing can be written to {where}: it is read-only. Make it writable, or choose "
            "another folder with --data-dir. What has been released can be read all the same."
        )
    if numbers & _FORBIDDEN_NUMBERS or _any_says(chain, _FORBIDDEN):
        return RecsysError(
            f"The system does not let you read or write {where}: it belongs to somebody else. "
            "Change its owner or permissions, or choose another folder with --data-dir."
        )
    if _free(where) < _MEASURED:
        return _full(where, root)
    if _any_says(chain, _SICK):
        return RecsysError(
            f"A database of the pipeline below {where} cannot be used ({_first_line(chain)}). "
            f"Check the disk. {KEPT}"
        )
    last = chain[0]
    what = (last.strerror or str(last)) if isinstance(last, OSError) else _first_line(chain)
    return RecsysError(f"{what} ({where}). Check the data folder and the disk.")


def _full(where: Path, root: Path) -> RecsysError:
    disk = os.statvfs(_nearest(where))
    left = f"{_free(where) / 1e6:.1f} MB"
    if disk.f_files and disk.f_favail < _FEW_FILES:
        left += f" and room for {disk.f_favail} more files (inodes)"
    histories = find_raw_files(Layout(root)).history
    wanted = _AT_LEAST + _PER_BYTE * sum(file.stat().st_size for file in histories)
    return RecsysError(
        f"The disk is full: {left} free for {where}, and a first run on these histories takes "
        f"about {wanted / 1e6:,.0f} MB beside them. Free some space. {KEPT}"
    )


@contextmanager
def disk_in_words(root: Path) -> Iterator[None]:
    """Raise what a disk caused as a `RecsysError`; let all else through.

    Raises
    ------
    RecsysError
        In the place of an error of the disk or of want of memory.
    """
    try:
        yield
    except RecsysError:
        raise
    except Exception as error:
        found = trouble_in_words(error, root)
        if found is None:
            raise
        raise found from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from, once each."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__


def _any_says(chain: list[BaseException], words: tuple[str, ...]) -> bool:
    return any(_says(one, words) for one in chain)


def _says(error: BaseException, words: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(word in text for word in words)


def _first_line(chain: list[BaseException]) -> str:
    return str(chain[-1]).strip().splitlines()[0] if str(chain[-1]).strip() else "no reason given"


def _free(where: Path) -> int:
    return shutil.disk_usage(_nearest(where)).free


def _nearest(where: Path) -> Path:
    """A path, or the nearest folder above it that is there."""
    return next(path for path in (where, *where.parents) if path.exists())
