"""An import in words: a line a file, or for a big folder or zip a line a format."""

from collections import Counter
from collections.abc import Iterator, Sequence

from recsys_dagster.importing.report import Imported, ImportReport
from recsys_dagster.listening.naming import NOBODY, listener_folder
from recsys_dagster.listening.readings import sentences_about

_MOST_FILES = 3
"""Files of one folder or zip that get a line each."""
_NAMES = 5


def describe(report: ImportReport) -> list[str]:
    """What was taken and what was passed over, in lines; those that explain are indented."""
    lines: list[str] = []
    for files in _groups(report.imported):
        lines.append(_headline(files))
        lines.extend(
            f"  {remark}" for remark in [*_remarks(files), *_about_user(files, report.user)]
        )
    lines.extend(f"passed over: {reason}" for _, reason in report.without_listens[:_NAMES])
    if more := len(report.without_listens) - _NAMES:
        lines += [f"passed over: {more:,} more without listens"] if more > 0 else []
    if report.passed_over:
        lines.append(_passed_over(report.passed_over))
    return lines + _about_nobody(report)


def _groups(imported: Sequence[Imported]) -> Iterator[list[Imported]]:
    """The files that share a line."""
    counts = Counter(one.container for one in imported)
    alike: dict[tuple[object, ...], list[Imported]] = {}
    for number, one in enumerate(imported):
        alone = one.container is None or counts[one.container] <= _MOST_FILES
        key = (number,) if alone else (one.container, one.format, one.listener)
        alike.setdefault(key, []).append(one)
    yield from alike.values()


def _headline(files: Sequence[Imported]) -> str:
    first, rows = files[0], f"{sum(one.rows for one in files):,} rows"
    if first.kind == "history":
        held = f"{sum(one.listens or 0 for one in files):,} listens"
        held += f" of {first.listener}" if first.listener else ""
    else:
        held = f"{sum(one.songs or 0 for one in files):,} songs"
    name, count = (first.file, "")
    if len(files) > 1:
        name, count = str(first.container), f"{len(files):,} files, "
    there = _already(sum(one.already_there for one in files), len(files))
    return f"{name}: {first.format}, {count}{rows}, {held}{there}"


def _already(there: int, files: int) -> str:
    if not there:
        return ""
    if files == 1:
        return " (it was there already)"
    which = "they" if there == files else f"{there:,} of them"
    return f" ({which} were there already)"


def _remarks(files: Sequence[Imported]) -> list[str]:
    """What there is to say of one file, or by reason of them all, with the first place."""
    if len(files) == 1:
        return list(files[0].remarks)
    if files[0].kind != "history":
        remarks = [remark for one in files for remark in one.remarks]
        more = len(remarks) - _NAMES
        return remarks[:_NAMES] + ([f"and {more:,} remarks more"] if more > 0 else [])
    return sentences_about([one.reading for one in files if one.reading])


def _about_user(files: Sequence[Imported], user: str | None) -> list[str]:
    first = files[0]
    if user is None or first.kind != "history":
        return []
    if first.listener is None:
        which = "The file names its" if len(files) == 1 else "The files name their"
        return [f"{which} listeners; --user is not needed."]
    if first.listener != user:
        whose, folder = first.listener, listener_folder(user)
        return [
            f"It lies in {first.target.parent} already, as {whose}'s: "
            f"move it to a folder {folder!r} in raw/history to make it {user}'s."
        ]
    return []


def _about_nobody(report: ImportReport) -> list[str]:
    """How to name a listener, where one without a name has just come in."""
    if report.user or not any(
        one.listener == NOBODY and not one.already_there for one in report.imported
    ):
        return []
    return [
        f"Nothing says whose this is, so the listener is called {NOBODY!r}: "
        f"to give a name, rename the folder raw/history/{NOBODY}."
    ]


def _passed_over(names: Sequence[str]) -> str:
    count = "1 file that holds" if len(names) == 1 else f"{len(names):,} files that hold"
    shown = ", ".join(name.rpartition("/")[2] for name in names[:_NAMES])
    more = ", …" if len(names) > _NAMES else ""
    return f"passed over {count} no listening history: {shown}{more}"
