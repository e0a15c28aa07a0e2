"""What a path that is to be imported stands for: a file, a folder or a zip."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import safe_relative
from recsys_dagster.files.zips import count_members, is_zip, unpacked
from recsys_dagster.importing.report import ImportReport
from recsys_dagster.masking import masked


@dataclass(frozen=True, slots=True)
class Source:
    """One file to import.

    Attributes
    ----------
    file
        Where it is to be read.
    shown
        The name by which users know it.
    relative
        Its path in the folder or zip that it came in, made safe.
    naming
        The path in which the name of its listener is looked for.
    container
        The name of that folder or zip, if there is one.
    """

    file: Path
    shown: str
    relative: PurePosixPath
    naming: PurePath
    container: str | None = None

    def masked(self, text: str) -> str:
        """A text about the file with no address out of it; its name in front stays."""
        name = self.file.name if text.startswith(self.file.name) else ""
        return name + masked(text.removeprefix(name))


def find_sources(path: Path, report: ImportReport) -> Iterator[Source]:
    """The files that a path stands for; what cannot be opened goes into the report.

    Raises
    ------
    RecsysError
        There is no such file, or it is none that can be read.
    """
    if path.is_dir():
        yield from _in_folder(path, report)
    elif not path.exists():
        raise RecsysError(f"There is no file {path}.")
    elif not path.is_file():
        raise RecsysError(f"{path} is no plain file. Save it as one first.")
    elif is_zip(path):
        yield from _in_zip(path, PurePosixPath(path.name), report)
    else:
        relative = safe_relative(path.name.lstrip(".")) or PurePosixPath("file")
        yield Source(path, path.name, relative, relative)


def count_sources(path: Path) -> int:
    """About how many files `find_sources` will find."""
    try:
        if not path.is_dir():
            return max(_count(path), 1)
        return sum(_count(file) for file, _ in _files(path))
    except OSError:
        return 1


def _count(file: Path) -> int:
    try:
        return count_members(file) if file.is_file() and is_zip(file) else 1
    except OSError:
        return 1


def _in_folder(folder: Path, report: ImportReport) -> Iterator[Source]:
    name = folder.name if folder.name not in {"", ".."} else folder.resolve().name
    for file, relative in _files(folder):
        naming = PurePosixPath(name, relative)
        if not _is_zip(file):
            yield Source(file, file.name, relative, naming, name)
            continue
        try:
            yield from _in_zip(file, naming, report)
        except RecsysError as error:
            if file.suffix.lower() == ".zip":
                report.refused.append((file.name, str(error)))
            else:  # a document or a program that is packed as a zip
                report.passed_over.append(file.name)


def _is_zip(file: Path) -> bool:
    try:
        return is_zip(file)
    except OSError:  # whoever reads it next says why it cannot be read
        return False


def _files(folder: Path) -> Iterator[tuple[Path, PurePosixPath]]:
    """The plain files below a folder, none of them hidden or a link."""
    for file in sorted(folder.rglob("*")):
        relative = safe_relative(file.relative_to(folder).as_posix())
        if relative and not file.is_symlink() and file.is_file():
            yield file, relative


def _in_zip(path: Path, naming: PurePosixPath, report: ImportReport) -> Iterator[Source]:
    with unpacked(path) as (members, refused):
        try:
            for file, relative in members:
                shown = f"{path.name}/{relative}"
                yield Source(file, shown, relative, naming / relative, path.name)
        finally:
            report.refused.extend(refused)
