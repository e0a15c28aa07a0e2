import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.storage import atomic
from recsys_dagster.storage.atomic import atomic_directory, atomic_path, sweep, write_json
from recsys_dagster_tests.tiers import examples

HALF = 1 << 18


class CrashError(Exception):
    pass


def crash(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    raise CrashError


def whole(letter: str) -> bytes:
    return letter.encode() * 2 * HALF


def below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*"))


@pytest.mark.parametrize("before", [None, b"old"])
def test_an_exception_leaves_the_file_as_it_was(tmp_path: Path, before: bytes | None) -> None:
    target = tmp_path / "table"
    if before is not None:
        target.write_bytes(before)
    with pytest.raises(CrashError), atomic_path(target) as path:
        crash(path, b"half")
    assert below(tmp_path) == (["table"] if before else [])
    assert before is None or target.read_bytes() == before


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er" / "table.parquet"
    for content in (b"one", b"two"):
        with atomic_path(target) as path:
            path.write_bytes(content)
            assert path.suffix == ".parquet"
            assert not target.exists() or target.read_bytes() == b"one"
        assert target.read_bytes() == content
    assert below(tmp_path) == ["deep", "deep/er", "deep/er/table.parquet"]


def test_a_file_that_nobody_wrote_is_an_error_and_leaves_the_old(tmp_path: Path) -> None:
    target = tmp_path / "table"
    target.write_bytes(b"old")
    with pytest.raises(FileNotFoundError), atomic_path(target):
        pass
    assert target.read_bytes() == b"old"


def test_a_directory_is_replaced_whole(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for name in ("one", "two"):
        with atomic_directory(target) as path:
            (path / name).write_text(name)
        assert below(target) == [name]
    assert below(tmp_path) == ["model", "model/two"]


def test_an_exception_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with atomic_directory(target) as path:
        (path / "one").write_text("1")
    with pytest.raises(CrashError), atomic_directory(target) as path:
        crash(path / "two", b"2")
    assert below(tmp_path) == ["model", "model/one"]


def test_a_directory_that_cannot_be_put_in_place_leaves_the_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, rename = tmp_path / "model", Path.rename
    with atomic_directory(target) as path:
        (path / "one").write_text("1")

    def second_rename_fails(self: Path, to: Path) -> Path:
        if (self / "two").exists():
            raise CrashError
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", second_rename_fails)
    with pytest.raises(CrashError), atomic_directory(target) as path:
        (path / "two").write_text("2")
    assert below(tmp_path) == ["model", "model/one"]


def test_what_was_written_is_flushed_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    replace = Path.replace
    monkeypatch.setattr(atomic, "flush", lambda path: done.append(f"flush {path.name[:5]}"))

    def noted(self: Path, to: Path) -> Path:
        done.append("rename")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", noted)
    with atomic_path(tmp_path / "table") as path:
        path.write_bytes(b"x")
    assert done == ["flush .tmp-", "rename", f"flush {tmp_path.name[:5]}"]


def test_sweep_removes_leftovers_and_nothing_else(tmp_path: Path) -> None:
    keep = [
        "raw/history/.tmp-mine.csv", ".tmp-", "a.tmp-0123456789ab-b", ".tmp-0123456789ab",
        "tables/songs.parquet", ".tmp-XYZ456789012-b", ".hidden",
    ]  # fmt: skip
    go = [
        atomic.temporary_name(tmp_path / "songs.parquet"),
        atomic.temporary_name(tmp_path / "tables" / "with\nnewline"),
    ]
    for path in [*(tmp_path / name for name in keep), *go]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    folder = atomic.temporary_name(tmp_path / "models" / "svd")
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_text("x")
    assert sweep(tmp_path) == 3
    files = [
        path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()
    ]
    assert sorted(files) == sorted(keep)
    assert sweep(tmp_path) == 0
    assert sweep(tmp_path / "nowhere") == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcö"), inner, max_size=4),
    max_leaves=10,
)


@pytest.mark.slow
@settings(max_examples=examples(30))
@given(document=st.dictionaries(st.text("abcö"), JSON))
def test_equal_json_is_equal_bytes(
    tmp_path_factory: pytest.TempPathFactory, document: dict[str, Any]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    one, two = folder / "one.json", folder / "two.json"
    write_json(one, document)
    write_json(two, dict(reversed(document.items())))
    assert one.read_bytes() == two.read_bytes()
    assert json.loads(one.read_text(encoding="utf-8")) == document


# Real deaths. The child stops at a moment, says so, and is killed there.

CHILD = """
import sys, time
from pathlib import Path
from recsys_dagster.storage import atomic

root, moment, what = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
HALF = 1 << 18
replace, rename, flush = Path.replace, Path.rename, atomic.flush

def stop(*_):
    print("now", flush=True)
    time.sleep(60)

def fill(path, finish=True):
    with path.open("wb") as file:
        file.write(b"n" * HALF)
        file.flush()
        if not finish:
            stop()
        file.write(b"n" * HALF)

if moment == "flushing":
    atomic.flush = stop
if moment == "renaming":
    Path.replace = Path.rename = stop
if moment == "renamed":
    def then_stop(self, to):
        (replace if what == "file" else rename)(self, to)
        if to.name == "target":
            stop()
    Path.replace = Path.rename = then_stop
if moment == "between renames":
    def second(self, to):
        stop() if to.name == "target" else rename(self, to)
    Path.rename = second

if what == "file":
    with atomic.atomic_path(root / "target") as path:
        fill(path, moment != "writing")
else:
    with atomic.atomic_directory(root / "target") as path:
        fill(path / "one", moment != "writing")
        fill(path / "two")
"""


@contextmanager
def child(program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("moment", "left"),
    [("writing", "o"), ("flushing", "o"), ("renaming", "o"), ("renamed", "n")],
)
def test_a_killed_process_leaves_the_old_or_the_new_file(
    tmp_path: Path, moment: str, left: str
) -> None:
    target = tmp_path / "target"
    target.write_bytes(whole("o"))
    with child(CHILD, str(tmp_path), moment, "file"):
        pass
    assert target.read_bytes() == whole(left)
    assert sweep(tmp_path) == (1 if left == "o" else 0)
    assert below(tmp_path) == ["target"]


@pytest.mark.parametrize(
    ("moment", "left"),
    [("writing", "o"), ("between renames", None), ("renamed", "n")],
)
def test_a_killed_process_leaves_no_half_directory(
    tmp_path: Path, moment: str, left: str | None
) -> None:
    target = tmp_path / "target"
    target.mkdir()
    for name in ("one", "two"):
        (target / name).write_bytes(whole("o"))
    with child(CHILD, str(tmp_path), moment, "directory"):
        pass
    if left is None:
        assert not target.exists()
    else:
        assert {path.read_bytes() for path in target.iterdir()} == {whole(left)}
        assert below(target) == ["one", "two"]
    assert sweep(tmp_path) >= 1
    assert below(tmp_path) == ([] if left is None else ["target", "target/one", "target/two"])


WRITER = """
import sys
from pathlib import Path
from recsys_dagster.storage.atomic import atomic_path
for number in range(10**9):
    with atomic_path(Path(sys.argv[1])) as path:
        path.write_bytes(b"ab"[number % 2:][:1] * (1 << 19))
    if number == 1:
        print("now", flush=True)
"""


@pytest.mark.slow
def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "target"
    for _ in range(4):
        with child(WRITER, str(target)):
            time.sleep(random.uniform(0, 0.03))
        assert target.read_bytes() in (whole("a"), whole("b"))


def test_a_directory_that_is_removed_leaves_nothing(tmp_path: Path) -> None:
    directory = tmp_path / "release"
    (directory / "deep").mkdir(parents=True)
    (directory / "deep" / "file").write_text("x")
    atomic.remove_tree(directory)
    assert not list(tmp_path.iterdir())


def test_a_directory_that_cannot_be_emptied_has_lost_its_name_and_is_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "release").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", Mock(side_effect=OSError("no")))
        with pytest.raises(OSError, match="no"):
            atomic.remove_tree(tmp_path / "release")
    assert [one.name.startswith(atomic.TEMPORARY_PREFIX) for one in tmp_path.iterdir()] == [True]
    assert atomic.sweep(tmp_path) == 1
    assert not list(tmp_path.iterdir())
