"""Power may fail: what gets its name has been forced to disk, bytes first, as strace tells it.

Looked at is all but `dagster/` (SQLite's own business) and `cache/` (costs only doing it again),
and the stamps in the cache, which say what counts as done.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from recsys_dagster_tests.commands import COMMAND, environment
from recsys_dagster_tests.crashing import copy_raw

CALLS = "fsync,fdatasync,rename,renameat,renameat2,write,pwrite64,writev,link,linkat"
_LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)")
_RESUMED = re.compile(r"(?P<pid>\d+) +<\.\.\. (?P<call>\w+) resumed>")
_OF_HANDLE = re.compile(r"\d+<(.*?)>")
_QUOTED = re.compile(r'"(.*?)"')
TEMPORARY = "/.tmp-"


@dataclass(frozen=True)
class Event:
    """A write to a path, a flush of one that is over, or a rename from one to another."""

    kind: str
    path: str
    to: str = ""


def events(lines: Iterable[str]) -> Iterator[Event]:
    """What strace saw, in order; a flush counts from when it is over, all else from its start."""
    flushing: dict[str, str] = {}
    for line in lines:
        if resumed := _RESUMED.match(line):
            if path := flushing.pop(resumed["pid"], None):
                yield Event("flush", path)
            continue
        found = _LINE.match(line)
        if not found:
            continue
        call, rest = found["call"], found["rest"]
        if call.startswith(("rename", "link")):
            names = _QUOTED.findall(rest)
            yield Event("link" if call.startswith("link") else "rename", names[0], names[1])
        elif handle := _OF_HANDLE.match(rest):
            if "sync" not in call:
                yield Event("write", handle[1])
            elif "<unfinished" in rest:
                flushing[found["pid"]] = handle[1]
            else:
                yield Event("flush", handle[1])


class Disk:
    """Which files and folders a power cut would leave unfinished."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = f"{data_dir}/"
        self.dirty: set[str] = set()
        self.nameless: set[str] = set()
        self.wrong: list[str] = []
        self.checked = 0

    def see(self, event: Event) -> None:
        """Follow one event, and note what is not as it has to be."""
        if event.kind == "write" and event.path.startswith(self._data_dir):
            self.dirty.add(event.path)
        elif event.kind == "flush":
            self.dirty.discard(event.path)
            self.nameless -= {name for name in self.nameless if _parent(name) == event.path}
        elif event.kind == "rename":
            self._renamed(event)

    def _renamed(self, event: Event) -> None:
        unwritten = {one for one in self.dirty if f"{one}/".startswith(f"{event.path}/")}
        self.dirty -= unwritten
        if not self._matters(event.to):
            return
        self.checked += 1
        self.wrong += [f"{event.to} gets its name before {one} is on disk" for one in unwritten]
        if "/cache/stages/" in event.to or event.to.endswith("/CURRENT"):
            self.wrong += [f"{event.to} before the name of {one}" for one in self.nameless]
        self.nameless.add(event.to)

    def _matters(self, target: str) -> bool:
        name = target.removeprefix(self._data_dir)
        if name == target or TEMPORARY in f"/{name}":
            return False
        return name.startswith("cache/stages/") or not name.startswith(("dagster/", "cache/"))


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def seen(lines: Iterable[str], data_dir: Path) -> Disk:
    """Follow all that happens to a data folder."""
    disk = Disk(data_dir)
    for event in events(lines):
        disk.see(event)
    return disk


GOOD = [
    '7 write(3</d/.tmp-a>, ""..., 9) = 9',
    "7 fsync(3</d/.tmp-a> <unfinished ...>",
    "7 <... fsync resumed>) = 0",
    '7 rename("/d/.tmp-a", "/d/tables/a") = 0',
    "7 fsync(3</d/tables>) = 0",
    '7 rename("/d/.tmp-s", "/d/cache/stages/a.json") = 0',
]


@pytest.mark.parametrize(
    ("left_out", "wrong"), [(None, 0), (1, 1), (2, 1), (4, 1)], ids=["good", "flush", "end", "name"]
)
def test_a_missing_flush_is_seen(left_out: int | None, wrong: int) -> None:
    lines = [line for number, line in enumerate(GOOD) if number != left_out]
    disk = seen(lines, Path("/d"))
    assert (disk.checked, len(disk.wrong)) == (2, wrong)


def test_a_write_after_the_flush_and_a_file_in_a_folder_are_seen() -> None:
    again = [*GOOD[:3], GOOD[0], *GOOD[3:]]
    assert len(seen(again, Path("/d")).wrong) == 1
    folder = ['7 write(3</d/.tmp-m/one>, ""..., 9) = 9', '7 rename("/d/.tmp-m", "/d/m") = 0']
    assert len(seen(folder, Path("/d")).wrong) == 1


@pytest.mark.slow
def test_a_run_flushes_all_before_it_gets_its_name(demo_world: Path, tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        assert not os.environ.get("RECSYS_REQUIRE_STRACE"), "strace is not on PATH"
        pytest.skip("strace is not on PATH")
    data_dir, log = tmp_path / "data", tmp_path / "strace.log"
    copy_raw(demo_world, data_dir)
    watch = ["strace", "-f", "-y", "-s", "0", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o"]
    run = [*COMMAND, "run", "--data-dir", str(data_dir)]
    done = subprocess.run(
        [*watch, str(log), *run], capture_output=True, text=True, env=environment(), check=False
    )
    assert done.returncode == 0, done.stderr
    with log.open(encoding="utf-8", errors="replace") as lines:
        disk = seen(lines, data_dir)
    assert disk.wrong == []
    made = {path.name for path in (data_dir / "cache" / "stages").iterdir()}
    assert disk.checked > 2 * len(made)
    assert any(name.endswith("/releases/CURRENT") for name in _renamed_to(log))


def _renamed_to(log: Path) -> set[str]:
    with log.open(encoding="utf-8", errors="replace") as lines:
        return {event.to for event in events(lines) if event.kind == "rename"}
