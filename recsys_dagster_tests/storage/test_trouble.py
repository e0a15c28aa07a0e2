"""What a person reads when the disk is to blame, whoever noticed it."""

import errno
import os
import shutil
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sql

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage import trouble
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import FolderGoneError, writing
from recsys_dagster.storage.trouble import disk_in_words, trouble_in_words


def os_error(number: int, path: Path | None = None) -> OSError:
    return OSError(number, os.strerror(number), *([str(path)] if path else []))


def of_sqlite(words: str) -> Exception:
    return sql.exc.OperationalError("INSERT", {}, Exception(words))


def fails_and_cannot_say_so() -> None:
    try:
        raise os_error(errno.ENOSPC)
    finally:
        raise of_sqlite("whatever")


@pytest.mark.parametrize(
    "error",
    [
        os_error(errno.ENOSPC),
        os_error(errno.EDQUOT),
        pl.exceptions.ComputeError("No space left on device (os error 28)"),
        of_sqlite("database or disk is full"),
    ],
)
def test_a_full_disk_is_one_sentence_whoever_met_it(tmp_path: Path, error: Exception) -> None:
    said = str(trouble_in_words(error, tmp_path))
    assert said.startswith("The disk is full: ")
    assert f"MB free for {tmp_path}" in said
    assert "What was finished is kept" in said


@pytest.mark.parametrize(
    "error",
    [
        os_error(errno.EROFS),
        of_sqlite("attempt to write a readonly database"),
        pl.exceptions.ComputeError("Read-only file system (os error 30): x.parquet"),
    ],
)
def test_a_folder_that_cannot_be_written_is_told_from_a_full_disk(
    tmp_path: Path, error: Exception
) -> None:
    said = str(trouble_in_words(error, tmp_path))
    assert said.startswith(f"Nothing can be written to {tmp_path}")
    assert "--data-dir" in said


def test_a_folder_of_somebody_else_is_said_to_be(tmp_path: Path) -> None:
    for error in (os_error(errno.EACCES), pl.exceptions.ComputeError("Permission denied: x")):
        said = str(trouble_in_words(error, tmp_path))
        assert said.startswith(f"The system does not let you read or write {tmp_path}")


def test_a_database_that_cannot_be_used_is_told_with_what_it_said(tmp_path: Path) -> None:
    said = str(trouble_in_words(of_sqlite("database disk image is malformed"), tmp_path))
    assert said.startswith(f"A database of the pipeline below {tmp_path} cannot be used")
    assert "database disk image is malformed" in said


def test_anything_else_of_the_system_is_told_in_its_words(tmp_path: Path) -> None:
    for error, words in ((os_error(errno.EIO), os.strerror(errno.EIO)), (OSError("odd"), "odd")):
        assert str(trouble_in_words(error, tmp_path)).startswith(f"{words} ({tmp_path})")


def test_a_database_that_says_nothing_on_a_full_disk_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trouble, "_free", lambda _: 0)
    said = str(trouble_in_words(of_sqlite("disk I/O error"), tmp_path))
    assert said.startswith("The disk is full: 0.0 MB free")


def test_the_file_that_the_system_names_is_named(tmp_path: Path) -> None:
    elsewhere = tmp_path / "home" / ".cache" / "numba"
    said = str(trouble_in_words(os_error(errno.ENOSPC, elsewhere), tmp_path))
    assert f"free for {elsewhere}" in said


def test_a_folder_that_is_gone_is_said_to_be(tmp_path: Path) -> None:
    layout, error = Layout(tmp_path / "data"), of_sqlite("disk I/O error")
    with writing(layout):
        assert not isinstance(trouble_in_words(error, layout.root), FolderGoneError)
        shutil.rmtree(layout.root)
        layout.root.mkdir()
        assert isinstance(trouble_in_words(error, layout.root), FolderGoneError)


def test_causes_are_looked_at_and_our_own_words_win(tmp_path: Path) -> None:
    ours = RecsysError("in words")
    with pytest.raises(RecsysError, match="in words"), disk_in_words(tmp_path):
        raise KeyError("x") from ours
    with pytest.raises(RecsysError, match="The disk is full"), disk_in_words(tmp_path):
        fails_and_cannot_say_so()


def test_no_memory_is_said_and_a_fault_of_ours_is_not_hidden(tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match="not enough memory"), disk_in_words(tmp_path):
        raise MemoryError
    with pytest.raises(ZeroDivisionError), disk_in_words(tmp_path):
        1 / 0  # noqa: B018


@pytest.mark.parametrize(("error", "what"), [
    (os_error(errno.EIO), "Input/output error"),
    (OSError("odd"), "odd"),
    (of_sqlite("disk I/O error"), None),
])  # fmt: skip
def test_any_other_trouble_is_said_in_the_words_of_the_system(
    tmp_path: Path, error: Exception, what: str | None
) -> None:
    said = str(trouble_in_words(error, tmp_path))
    if what is None:
        assert said.startswith(f"A database of the pipeline below {tmp_path} cannot be used (")
    else:
        assert said == f"{what} ({tmp_path}). Check the data folder and the disk."


def test_a_full_disk_says_what_a_run_takes(tmp_path: Path) -> None:
    history = Layout(tmp_path).history
    history.mkdir(parents=True)
    for number in range(2):
        with (history / f"{number}.csv").open("wb") as file:
            file.truncate(4_000_000)
    said = str(trouble_in_words(os_error(errno.ENOSPC), tmp_path))
    assert "a first run on these histories takes about 50 MB beside them." in said
