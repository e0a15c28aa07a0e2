"""Files in: told apart by their content, copied into `raw/`, and what cannot be used refused."""

from collections.abc import Sequence
from pathlib import Path

from recsys_dagster.errors import RecsysError
from recsys_dagster.importing.report import Imported, ImportReport
from recsys_dagster.importing.shelf import Shelf
from recsys_dagster.importing.sources import Source, count_sources, find_sources
from recsys_dagster.importing.taking import NoListensError, NotOursError, take
from recsys_dagster.listening.naming import checked_listener
from recsys_dagster.progress import SILENT, Progress, Task
from recsys_dagster.storage.layout import Layout

__all__ = ["ImportReport", "Imported", "import_paths"]


def import_paths(
    paths: Sequence[Path], layout: Layout, progress: Progress = SILENT, user: str | None = None
) -> ImportReport:
    """Import files, folders and zips.

    Parameters
    ----------
    paths
        What to import; folders with all below them, zips with all in them. What a folder or a
        zip holds that is no history and no catalogue is passed over.
    layout
        Of the data folder.
    user
        Whose the histories are that do not say so; else the name of the folder, zip or file.

    Raises
    ------
    RecsysError
        `user` is no name that a listener can have.
    """
    name = None if user is None else checked_listener(user)
    report, shelf = ImportReport(user=name), Shelf(layout)
    counts = [count_sources(path) for path in paths]
    with progress.task("Importing", sum(counts)) as task:
        for path, count in zip(paths, counts, strict=True):
            left = count - _import_path(path, shelf, name, report, task)
            task.advance(max(left, 0))
    return report


def _import_path(
    path: Path, shelf: Shelf, user: str | None, report: ImportReport, task: Task
) -> int:
    """Import what a path stands for; returns how many files that were."""
    before, files = len(report.imported) + len(report.refused), 0
    try:
        for source in find_sources(path, report):
            _import_source(source, shelf, user, report)
            files += 1
            task.advance(note=source.file.name)
    except RecsysError as error:
        report.refused.append((path.name, str(error)))
    except OSError as error:  # a name that is too long, a folder that may not be listed
        report.refused.append((path.name, _no_access(str(path), error)))
    if len(report.imported) + len(report.refused) == before:
        report.refused.append((path.name, f"{path} holds no files that could be imported."))
    return files


def _import_source(source: Source, shelf: Shelf, user: str | None, report: ImportReport) -> None:
    """Take one file, or say why not; what lies about in a folder or zip is no reason to fail."""
    try:
        report.imported.append(take(source, shelf, user))
    except NotOursError as error:
        if source.container:
            report.passed_over.append(source.shown)
        else:
            report.refused.append((source.shown, source.masked(str(error))))
    except NoListensError as error:
        unused = report.without_listens if source.container else report.refused
        unused.append((source.shown, source.masked(str(error))))
    except RecsysError as error:
        report.refused.append((source.shown, source.masked(str(error))))
    except OSError as error:
        report.refused.append((source.shown, _no_access(source.shown, error)))


def _no_access(what: str, error: OSError) -> str:
    where = f" ({error.filename})" if error.filename else ""
    return f"{what} cannot be imported: {error.strerror}{where}."
