"""One writer at a time, also after the folder was deleted under it."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import (
    BusyError,
    FolderGoneError,
    alone,
    refuse_if_gone,
    writing,
)
from recsys_dagster.storage.under_way import killed_in, under_way

OTHER = """
import sys, time
from pathlib import Path
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import writing
from recsys_dagster.storage.under_way import under_way
layout = Layout(Path(sys.argv[1]))
with writing(layout), under_way(layout, "svd_model"):
    import tempfile
    Path(tempfile.mkdtemp()).joinpath("half").write_text("x")
    print("now", flush=True)
    time.sleep(60)
"""


def test_the_one_that_has_it_may_take_it_again(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    with writing(layout), writing(layout):
        refuse_if_gone(layout)
    with writing(layout):
        pass


def test_another_waits_and_a_killed_one_leaves_neither_lock_nor_files(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    command = [sys.executable, "-c", OTHER, str(layout.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "now\n"
        assert list(layout.temporary.rglob("half"))
        with pytest.raises(BusyError), writing(layout, wait=False):
            pass
        other.kill()
    with writing(layout, wait=False):
        assert not list(layout.temporary.rglob("*"))
        assert killed_in(layout) == "svd_model"
        assert killed_in(layout) is None
        with under_way(layout, "ranker"):
            pass
        assert killed_in(layout) is None


def test_temporary_files_lie_in_the_folder_and_go_with_the_lock(tmp_path: Path) -> None:
    layout, before = Layout(tmp_path / "data"), tempfile.gettempdir()
    with writing(layout):
        assert Path(tempfile.mkdtemp()).parent == layout.temporary
    assert tempfile.gettempdir() == before
    assert not layout.temporary.exists()


def test_a_deleted_folder_is_not_written_to_any_more(tmp_path: Path) -> None:
    """Also when another process has made one by the same name, and has the lock of that."""
    layout = Layout(tmp_path / "data")
    with writing(layout):
        shutil.rmtree(layout.root)
        with pytest.raises(FolderGoneError), writing(layout):
            pass
        layout.lock.parent.mkdir(parents=True)
        layout.lock.touch()
        with pytest.raises(FolderGoneError, match="deleted or moved"):
            refuse_if_gone(layout)


def test_what_one_has_alone_is_refused_to_others_until_it_ends(tmp_path: Path) -> None:
    file = tmp_path / "locks" / "fetching.lock"
    with alone(file, "busy"):
        with pytest.raises(RecsysError, match=r"^busy$"), alone(file, "busy"):
            pytest.fail("two had it")
        with pytest.raises(RecsysError, match=r"^still$"), alone(file, "still"):
            pytest.fail("two had it")
    with alone(file, "busy"):
        pass
