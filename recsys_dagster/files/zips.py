"""Zips from elsewhere, unpacked so that they can do no harm."""

import lzma
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import safe_relative

MAX_MEMBERS = 10_000
MAX_UNPACKED = 8 << 30
MAX_RATIO = 200
_RATIO_MATTERS_FROM = 64 << 20
_MAX_DIRECTORY = 32 << 20
_TAIL = 1 << 17
"""Bytes in which the end of a zip, with its comment, lies."""
_END_64_BEFORE = 76
"""Bytes by which the end of a zip64 lies before the end of the zip."""
_IN_ZIP64 = 0xFFFFFFFF
_CHUNK = 1 << 20
_ENCRYPTED = 0x1
_OFFICE = "[Content_Types].xml"
_ZIP, _END, _END_64 = b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06"
# What damage, an unknown method or a full disk raise.
_UNPACKING_ERRORS = (
    RecsysError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError,
    OSError, ValueError, struct.error,
)  # fmt: skip


class Members:
    """The files of an open zip, unpacked one after the other while they are asked for."""

    def __init__(self, path: Path, archive: zipfile.ZipFile, folder: Path, most: int) -> None:
        self.refused: list[tuple[str, str]] = []
        self._path = path
        self._archive = archive
        self._folder = folder
        self._left = most
        self._members = [
            (member, relative)
            for member in archive.infolist()
            if _is_plain_file(member) and (relative := safe_relative(member.filename))
        ]

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[tuple[Path, PurePosixPath]]:
        for member, relative in self._members:
            target = self._folder / relative.name
            try:
                self._unpack(member, target)
            except _UNPACKING_ERRORS as error:
                self.refused.append((f"{self._path.name}/{relative}", self._why(relative, error)))
            else:
                yield target, relative
            finally:
                target.unlink(missing_ok=True)

    def _unpack(self, member: zipfile.ZipInfo, target: Path) -> None:
        """Copy a member out, and never more in all than `_most` allows."""
        if member.flag_bits & _ENCRYPTED:
            raise RecsysError("it is encrypted. Unpack the zip yourself and import the folder.")
        with self._archive.open(member) as source, target.open("wb") as file:
            while chunk := source.read(_CHUNK):
                if not file.tell() and chunk.startswith((_ZIP, _END)):
                    raise _NestedZipError
                self._left -= len(chunk)
                if self._left < 0:
                    raise RecsysError("the zip unpacks to far more than it says.")
                file.write(chunk)

    def _why(self, relative: PurePosixPath, error: Exception) -> str:
        if isinstance(error, _NestedZipError):
            inner = f"{self._path.name} holds the zip {relative.name!r}"
            return f"{inner}, which is not opened: unpack it."
        if isinstance(error, RecsysError):
            return f"{self._path.name}: {relative} cannot be unpacked: {error}"
        if isinstance(error, OSError):
            return f"{self._path.name}: {relative} cannot be unpacked: {error.strerror or error}."
        what = "it is damaged" if isinstance(error, UnicodeError) else str(error)[:100]
        return f"{self._path.name}: {relative} cannot be unpacked ({what}). Download it again."


class _NestedZipError(RecsysError):
    """A zip in a zip."""


@contextmanager
def unpacked(
    path: Path, most: int | None = None
) -> Iterator[tuple[Members, list[tuple[str, str]]]]:
    """Open a zip whose files are unpacked one at a time, into a temporary folder.

    Parameters
    ----------
    most
        Bytes that may come out of it at most, where that is less than `MAX_UNPACKED`.

    Returns
    -------
    members, refused
        Each file with its path in the zip, made safe; a file is gone when the next is asked
        for, so that no more of the disk is needed than for the biggest. And the members that
        could not be unpacked, each with the reason; they come in while `members` is run through.

    Raises
    ------
    RecsysError
        The zip is damaged, holds too much or is an Office document.
    """
    most = min(_most(path), most or MAX_UNPACKED)
    with TemporaryDirectory(prefix="recsys-") as folder, _opened(path, most) as archive:
        members = Members(path, archive, Path(folder), most)
        yield members, members.refused


def is_zip(path: Path) -> bool:
    """Tell by the content; a zip that is cut off is one too."""
    with path.open("rb") as file:
        return file.read(4) in {_ZIP, _END} or zipfile.is_zipfile(path)


def count_members(path: Path) -> int:
    """How many files `unpacked` would try; 0 for a zip that it refuses."""
    try:
        with unpacked(path) as (members, _):
            return len(members)
    except RecsysError:
        return 0


@contextmanager
def _opened(path: Path, most: int) -> Iterator[zipfile.ZipFile]:
    _refuse_big_directory(path)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error) as error:
        what = "" if isinstance(error, UnicodeError) else f" ({error})"
        raise RecsysError(f"{path.name} is a damaged zip{what}. Download it again.") from None
    with archive:
        _refuse_bombs(path, archive.infolist(), most)
        if _OFFICE in archive.namelist():
            raise RecsysError(
                f"{path.name} is an Office document. Save the table that is in it as CSV (UTF-8)."
            )
        yield archive


def _is_plain_file(member: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(member.external_attr >> 16)  # 0 where the zip does not say
    return not member.is_dir() and kind in {0, stat.S_IFREG}


def _most(path: Path) -> int:
    """How many bytes may come out of a zip, whatever it says."""
    return min(MAX_UNPACKED, max(_RATIO_MATTERS_FROM, MAX_RATIO * path.stat().st_size))


def _refuse_bombs(path: Path, members: list[zipfile.ZipInfo], most: int) -> None:
    """Refuse by what the zip says; its own size counts, as members may lie over each other."""
    files = sum(not member.is_dir() for member in members)
    if files > MAX_MEMBERS:
        raise RecsysError(f"{path.name} holds {files:,} files; at most {MAX_MEMBERS:,}.")
    size = sum(member.file_size for member in members)
    if size > most:
        raise RecsysError(
            f"{path.name} would unpack to {size / 1e9:.1f} GB from "
            f"{path.stat().st_size / 1e6:.1f} MB; "
            f"at most {most / 1e9:.1f} GB: {MAX_RATIO} times its size, or the limit for zips. "
            "If this is right, unpack it yourself and import the folder."
        )


def _refuse_big_directory(path: Path) -> None:
    """Refuse a list of millions of members before it is read into memory."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        tail = file.read()
    end = tail.rfind(_END)
    end_64 = end - _END_64_BEFORE
    sizes = [_number("<L", tail, end + 12) if end >= 0 else 0]
    if end_64 >= 0 and tail.startswith(_END_64, end_64):
        sizes = [_number("<Q", tail, end_64 + 40), *(one for one in sizes if one != _IN_ZIP64)]
    size = max(sizes)
    if size > _MAX_DIRECTORY:
        raise RecsysError(
            f"{path.name} lists its files on {size / 1e6:.0f} MB; at most {MAX_MEMBERS:,} files."
        )


def _number(form: str, data: bytes, at: int) -> int:
    enough = at + struct.calcsize(form) <= len(data)
    return int(struct.unpack_from(form, data, at)[0]) if enough else 0
