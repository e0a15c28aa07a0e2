"""What `recsys run` needs of memory, stage by stage, and what it does where there is less.

Without `--limit` it is measured what each stage takes. With it the run lives in a control group
that may not take more, and it has to end well or say what it needs; that needs root and the
memory controller of version 1 (`/sys/fs/cgroup/memory`).

    python benchmarks/memory.py --data DIR --limit 2
"""

import argparse
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from machine import describe_machine, write_json

GROUPS = Path("/sys/fs/cgroup/memory")
COMMAND = [sys.executable, "-m", "recsys_dagster.cli"]
EVERY = 0.02
MADE = ("tables", "models", "evaluation", "releases", "cache", "dagster")


class Watch:
    """The peaks of a process since it was last asked for them.

    Parameters
    ----------
    pid
        Of the process.
    """

    def __init__(self, pid: int) -> None:
        self._status = Path(f"/proc/{pid}/status")
        self._anonymous = self._all = 0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def take(self) -> dict[str, float]:
        """Peaks in GB: what cannot be given back, and with the pages of files."""
        peaks = {"anonymous_gb": self._anonymous / 1e9, "resident_gb": self._all / 1e9}
        self._anonymous = self._all = 0
        return peaks

    def _look(self) -> None:
        while True:
            try:
                lines = self._status.read_text().splitlines()
            except OSError:
                return
            found = dict(line.split(":", 1) for line in lines)
            if "RssAnon" not in found:
                return
            anonymous, everything = (
                int(found[name].split()[0]) * 1024 for name in ("RssAnon", "VmRSS")
            )
            self._anonymous = max(self._anonymous, anonymous)
            self._all = max(self._all, everything)
            time.sleep(EVERY)


@contextmanager
def group(limit_gb: float | None) -> Iterator[Path | None]:
    """A control group of at most so many GB, with no swap beyond it."""
    if limit_gb is None:
        yield None
        return
    room = GROUPS / f"recsys-{os.getpid()}"
    room.mkdir()
    try:
        for name in ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes"):
            if (room / name).exists():
                (room / name).write_text(str(int(limit_gb * 1e9)))
        yield room
    finally:
        room.rmdir()


def run(
    data: Path, room: Path | None, watching: Callable[[int], "Watch"] | None = None
) -> dict[str, object]:
    """`recsys run` to its end, whatever end that is."""

    def join() -> None:
        if room:
            (room / "cgroup.procs").write_text(str(os.getpid()))

    started, stages, said = time.monotonic(), {}, []
    with subprocess.Popen(
        [*COMMAND, "run", "--data-dir", str(data)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=join,
    ) as process:
        watch = (watching or Watch)(process.pid)
        assert process.stderr is not None
        for line in process.stderr:
            name, _, rest = line.partition(": ")
            if rest.split()[1:2] == ["s"]:
                stages[name] = {"seconds": float(rest.split()[0]), **watch.take()}
                row = stages[name]
                print(
                    f"{name:28}{row['seconds']:9.1f} s{row['anonymous_gb']:9.2f} GB"
                    f"{row['resident_gb']:9.2f} GB",
                    flush=True,
                )
            else:
                said.append(line.strip())
        code = process.wait()
    return {
        "exit": code, "seconds": round(time.monotonic() - started, 1), "stages": stages,
        "said": said, "rest": watch.take(),
    }  # fmt: skip


def main() -> None:
    """Make the world where there is none, forget what was made of it, and run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder for the made-up world")
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--songs", type=int, default=100_000)
    parser.add_argument("--listens", type=int, default=5_000_000)
    parser.add_argument("--limit", type=float, help="GB that the run may take")
    parser.add_argument("--keep", action="store_true", help="go on from what is there")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if not (options.data / "raw").exists():
        size = (f"--{name}={getattr(options, name)}" for name in ("users", "songs", "listens"))
        subprocess.run([*COMMAND, "demo", *size, "--data-dir", str(options.data)], check=True)
    for name in () if options.keep else MADE:
        shutil.rmtree(options.data / name, ignore_errors=True)
    print(f"{'stage':28}{'':11}{'its own':>12}{'with files':>12}")
    with group(options.limit) as room:
        done = run(options.data, room)
    print(*done["said"], f"exit {done['exit']} after {done['seconds']} s", sep="\n")
    if options.json:
        write_json({"machine": describe_machine(), "limit_gb": options.limit, **done}, options.json)


if __name__ == "__main__":
    main()
