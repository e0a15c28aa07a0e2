"""Zips from elsewhere, unpacked so that they can do no harm."""

import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from recsys_dagster.errors import RecsysError

MAX_MEMBERS = 10_000
MAX_UNPACKED = 8 << 30
MAX_RATIO = 200
_RATIO_MATTERS_FROM = 64 << 20
_CHUNK = 1 << 20
# What damage, encryption, an unknown method or a name that is too long raise.
_UNPACKING_ERRORS = (
    RecsysError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, RuntimeError, EOFError,
    OSError, ValueError,
)  # fmt: skip


@contextmanager
def unpacked(path: Path) -> Iterator[tuple[list[Path], list[tuple[str, str]]]]:
    """Unpack a zip into a temporary folder: plain files only, by their bare names, bounded.

    Returns
    -------
    files, refused
        The files, which are gone afterwards; and the members that could not be unpacked, each
        with the reason.

    Raises
    ------
    RecsysError
        The zip is damaged, or holds too much.
    """
    with TemporaryDirectory(prefix="recsys-") as name:
        try:
            with zipfile.ZipFile(path) as archive:
                found = _unpack_members(path, archive, Path(name))
        except zipfile.BadZipFile as error:
            raise RecsysError(
                f"{path.name} is a damaged zip ({error}). Download it again."
            ) from None
        yield found


def _unpack_members(
    path: Path, archive: zipfile.ZipFile, folder: Path
) -> tuple[list[Path], list[tuple[str, str]]]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    _refuse_bombs(path, members)
    files, refused = [], []
    for number, member in enumerate(members):
        bare = Path(member.filename.replace("\\", "/")).name
        if not bare or bare.startswith(".") or stat.S_ISLNK(member.external_attr >> 16):
            continue
        if bare.lower().endswith(".zip"):
            reason = f"{path.name} holds the zip {bare[:80]!r}, which is not opened: unpack it."
            refused.append((f"{path.name}/{bare}", reason))
            continue
        target = folder / str(number) / bare
        target.parent.mkdir()
        try:
            _unpack(archive, member, target)
        except _UNPACKING_ERRORS as error:
            reason = f"{path.name}: {bare} cannot be unpacked ({error}). Download it again."
            refused.append((f"{path.name}/{bare}", reason))
        else:
            files.append(target)
    return files, refused


def _refuse_bombs(path: Path, members: list[zipfile.ZipInfo]) -> None:
    size = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    if len(members) > MAX_MEMBERS:
        raise RecsysError(f"{path.name} holds {len(members):,} files; at most {MAX_MEMBERS:,}.")
    if size > MAX_UNPACKED or (size > _RATIO_MATTERS_FROM and size / packed > MAX_RATIO):
        raise RecsysError(
            f"{path.name} would unpack to {size / 1e9:.1f} GB from {packed / 1e6:.1f} MB; "
            f"at most {MAX_UNPACKED / 1e9:.0f} GB and {MAX_RATIO} times its size. "
            "If this is right, unpack it yourself and import the folder."
        )


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Copy a member, and never more than it said it holds."""
    with archive.open(member) as source, target.open("wb") as file:
        left = member.file_size
        while chunk := source.read(min(_CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise RecsysError(f"{member.filename[:80]!r} is bigger than the zip says.")
            file.write(chunk)
