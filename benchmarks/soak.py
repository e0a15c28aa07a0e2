"""Hours of `recsys up` at many times the normal rate, with faults, and what it grew by.

python benchmarks/soak.py [--minutes N] [--every SECONDS] [--sessions N] [--seed N] [--json FILE]

A made-up history grows by a file every so many seconds, and a refresh is asked for each time, with
all schedules and sensors on. Every other minute something goes wrong: a child of `recsys up` or a
run is killed with SIGKILL, a file of the release or of a table is damaged, a history file is cut
short, stamps are lost. Visitors of the app move a slider all the while, over websockets.

answers   `recsys recommend` is asked again and again: each song must be of the release that the
          answer names, as the release itself recommends it, whatever was damaged meanwhile
memory    of each server, and its open files: level after the first quarter, or not
store     bytes of Dagster's folder and of the releases: bounded by RECSYS_KEEP_RUNS and
          RECSYS_KEEP_RELEASES
"""

import argparse
import asyncio
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import requests
from app import Session
from machine import describe_machine, write_json
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from recsys_dagster import Recommender
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases

COMMAND = [sys.executable, "-m", "recsys_dagster.cli"]
SETTINGS = {
    "RECSYS_AUTOMATION": "on",
    "RECSYS_REFRESH_AFTER": "0",
    "RECSYS_KEEP_RUNS": "30",
    "RECSYS_KEEP_RELEASES": "5",
}
ROWS = 40
"""Listens of each new file."""
LAUNCH = """mutation($job: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $job}) { __typename ... on PythonError { message } } }"""
WAITING = """{ runsOrError(filter: {statuses: [QUEUED, STARTING, STARTED]}) {
  ... on Runs { results { runId jobName status } } } }"""


@dataclass
class Tally:
    """What was counted on the way; `wrong` must stay empty."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    samples: list[dict[str, Any]] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


class Soak:
    """A data folder under `recsys up`, and everything that happens to it."""

    def __init__(self, data: Path, world: pl.DataFrame, ports: tuple[int, int], seed: int) -> None:
        self.data, self.layout = data, Layout(data)
        self.pipeline, self.app = ports
        self.rng = random.Random(seed)
        self.tally = Tally()
        self.rest = world
        self.parent: psutil.Process | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        """`recsys up` for the length of a block; nothing of it may be left."""
        log = (self.data / "up.log").open("wb")
        ports = ["--pipeline-port", str(self.pipeline), "--app-port", str(self.app)]
        up = subprocess.Popen(
            [*COMMAND, "up", *ports, "--data-dir", str(self.data)],
            stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, **SETTINGS},
        )  # fmt: skip
        try:
            self.parent = psutil.Process(up.pid)
            until(lambda: answers(self.app) and answers(self.pipeline), 180)
            yield
        finally:
            family = self.parent.children(recursive=True) if self.parent else []
            started = time.monotonic()
            up.terminate()
            up.wait(60)
            self.tally.counts["seconds to stop"] = round(time.monotonic() - started)
            _, alive = psutil.wait_procs(family, timeout=5)
            self.tally.wrong += [f"left behind: {one.cmdline()}" for one in alive]
            log.close()

    def add_file(self) -> None:
        """A new history file."""
        number = self.tally.counts["files"]
        new, self.rest = self.rest.head(ROWS), self.rest.tail(-ROWS)
        if new.height:
            new.write_csv(self.layout.history / f"new-{number:05d}.csv")
            self.tally.counts["files"] += 1

    def refresh(self) -> None:
        """Ask for a run of everything, unless two wait already."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            waiting = self.ask(WAITING)["runsOrError"]["results"]
            if len(waiting) > 1:
                self.tally.counts["refreshes not asked for, as two were under way"] += 1
                return
            job = {"repositoryLocationName": "recsys_dagster", "repositoryName": "__repository__",
                   "jobName": "everything"}  # fmt: skip
            found = self.ask(LAUNCH, {"job": job})["launchRun"]
            self.tally.counts[f"refreshes: {found['__typename']}"] += 1
            return
        self.tally.counts["refreshes not asked for, as the UI was down"] += 1

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        """A GraphQL request to the pipeline UI."""
        address = f"http://127.0.0.1:{self.pipeline}/graphql"
        sent = {"query": query, "variables": variables or {}}
        found: dict[str, Any] = requests.post(address, json=sent, timeout=20).json()["data"]
        return found

    def fault(self) -> None:
        """Let something go wrong."""
        chosen = self.rng.choice(
            [self.kill_child, self.kill_child, self.kill_run, self.damage_release,
             self.damage_table, self.lose_stamps, self.cut_file_short]
        )  # fmt: skip
        if chosen():
            self.tally.counts[f"fault: {chosen.__name__}"] += 1

    def kill_child(self) -> bool:
        """SIGKILL to one of the servers."""
        assert self.parent is not None
        children = self.parent.children()
        if children:
            self.rng.choice(children).send_signal(signal.SIGKILL)
        return bool(children)

    def kill_run(self) -> bool:
        """SIGKILL to the process of a run."""
        assert self.parent is not None
        with suppress(psutil.Error):
            for one in self.parent.children(recursive=True):
                if "execute_run" in one.cmdline():
                    one.send_signal(signal.SIGKILL)
                    return True
        return False

    def damage_release(self) -> bool:
        """Flip a byte in a file of the current release."""
        with suppress(RecsysError, OSError):
            current = Releases(self.layout.releases).current_id()
            files = [one for one in (self.layout.releases / str(current)).rglob("*")
                     if one.is_file() and one.stat().st_size]  # fmt: skip
            flip(self.rng.choice(files), self.rng)
            return True
        return False

    def damage_table(self) -> bool:
        """Flip a byte in a table or a model."""
        with suppress(OSError, IndexError):
            rooms = (self.data / "tables", self.data / "models")
            files = [one for room in rooms for one in room.rglob("*")
                     if one.is_file() and one.stat().st_size]  # fmt: skip
            flip(self.rng.choice(files), self.rng)
            return True
        return False

    def lose_stamps(self) -> bool:
        """Delete half of the stamps."""
        for stamp in self.layout.stamps.glob("*.json"):
            if self.rng.random() < 0.5:
                stamp.unlink(missing_ok=True)
        return True

    def cut_file_short(self) -> bool:
        """A history file that ends in the middle of a line."""
        whole = self.layout.history / "base.csv"
        target = self.layout.history / "cut.csv"
        target.write_bytes(whole.read_bytes()[: self.rng.randrange(200, 5_000)])
        return True

    def check_answer(self) -> None:
        """Ask the command line, and compare with what the release that it names says itself."""
        said = subprocess.run(
            [*COMMAND, "recommend", "--json", "--data-dir", str(self.data)],
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        if said.returncode:
            self.tally.counts["answers refused in words"] += 1
            if "Traceback" in said.stderr or not said.stderr.strip():
                self.tally.wrong.append(f"no words: {said.stderr[-500:]}")
            return
        found = json.loads(said.stdout)
        self.tally.counts["answers"] += 1
        with suppress(RecsysError, OSError):  # it may have been damaged or deleted since
            release = Releases(self.layout.releases).open(found["release"])
            wanted = Recommender.from_release(release).recommend([])
            mine = [(song.song_id, song.artist, song.title) for song in wanted.recommendations]
            theirs = [(song["song_id"], song["artist"], song["title"])
                      for song in found["recommendations"]]  # fmt: skip
            self.tally.counts["answers compared"] += 1
            if mine != theirs or len(theirs) != 10:
                self.tally.wrong.append(f"{found['release']}: {theirs} is not {mine}")

    def sample(self, second: float) -> None:
        """Memory and open files of each server, and bytes on disk."""
        assert self.parent is not None
        servers: dict[str, dict[str, float]] = {}
        with suppress(psutil.Error):
            for one in (self.parent, *self.parent.children()):
                with suppress(psutil.Error):
                    kept = one.memory_full_info().uss / 1e6
                    servers[kind(one)] = {"mb": round(kept, 1), "files": one.num_fds()}
        self.tally.samples.append(
            {"second": round(second), "servers": servers,
             "dagster_mb": size_of(self.data / "dagster"),
             "releases_mb": size_of(self.layout.releases),
             "leftovers": len(leftovers(self.data))}
        )  # fmt: skip


def kind(process: psutil.Process) -> str:
    """Which server it is."""
    line = " ".join(process.cmdline())
    for name, mark in (("app", "streamlit"), ("pipeline UI", "pipeline_ui"), ("daemon", "_daemon"),
                       ("keeper", "groups"),
                       ("code server", "code_server"), ("code server", "code-server")):  # fmt: skip
        if mark in line:
            return name
    return "parent"


def flip(file: Path, rng: random.Random) -> None:
    """Change one bit in place."""
    with file.open("r+b") as opened:
        opened.seek(rng.randrange(file.stat().st_size))
        byte = opened.read(1)[0]
        opened.seek(-1, os.SEEK_CUR)
        opened.write(bytes([byte ^ (1 << rng.randrange(8))]))


def below(folder: Path) -> Iterator[Path]:
    """All below a folder; `os.walk` goes past what goes away meanwhile, `rglob` falls over it."""
    for parent, folders, files in os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))


def size_of(folder: Path) -> float:
    """Megabytes below a folder."""
    total = 0
    for path in below(folder):
        with suppress(OSError):
            total += path.stat().st_size
    return round(total / 1e6, 1)


def leftovers(folder: Path) -> list[str]:
    """Temporary files and folders."""
    return [str(path) for path in below(folder) if path.name.startswith(".tmp-")]


def answers(port: int) -> bool:
    """Whether something listens on a port."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(true: Callable[[], bool], seconds: float) -> None:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit("recsys up did not start")
        time.sleep(0.5)


async def visit(soak: Soak, pause: float, over: threading.Event) -> None:
    """A visitor who moves a slider again and again, and comes back when the app went away."""
    address = f"ws://127.0.0.1:{soak.app}/_stcore/stream"
    while not over.is_set():
        try:
            async with connect(address, subprotocols=["streamlit"], max_size=None) as opened:  # type: ignore[list-item]
                session = Session(opened, "songs=1,2")
                await asyncio.wait_for(session.run(), 60)
                move = 0
                while not over.is_set():
                    await asyncio.sleep(pause)
                    move += 1
                    await asyncio.wait_for(session.run((1, 3)[move % 2]), 60)
                    soak.tally.waits.append(session.taken.pop())
        except SystemExit as error:
            soak.tally.wrong.append(str(error))
        except (OSError, WebSocketException, TimeoutError, EOFError):
            soak.tally.counts["visits cut off"] += 1
        await asyncio.sleep(2)


def visitors(soak: Soak, sessions: int, over: threading.Event) -> threading.Thread:
    """All of them, in a thread of their own."""

    async def all_of_them() -> None:
        await asyncio.gather(*(visit(soak, 5.0, over) for _ in range(sessions)))

    thread = threading.Thread(target=lambda: asyncio.run(all_of_them()), daemon=True)
    thread.start()
    return thread


def regularly(soak: Soak, work: Callable[[], None], pause: float, over: threading.Event) -> None:
    """Do something again and again in a thread of its own; what it raises is wrong."""

    def loop() -> None:
        while not over.wait(pause):
            try:
                work()
            except Exception as error:
                soak.tally.wrong.append(f"{getattr(work, '__name__', work)}: {error!r}")

    threading.Thread(target=loop, daemon=True).start()


def soak_for(
    soak: Soak, minutes: float, every: float, sessions: int, keep: Callable[[], None]
) -> None:
    """Everything at once, for so long; after each sample, `keep` writes down what is known."""
    over, started = threading.Event(), time.monotonic()

    def more() -> None:
        soak.add_file()
        soak.refresh()

    with soak.running():
        crowd = visitors(soak, sessions, over)
        regularly(soak, more, every, over)
        regularly(soak, soak.fault, 4 * every, over)
        regularly(soak, soak.check_answer, 20, over)
        while (second := time.monotonic() - started) < 60 * minutes:
            soak.sample(second)
            keep()
            time.sleep(30)
        over.set()
        crowd.join(90)
    heal(soak)


def heal(soak: Soak) -> None:
    """After all that, one run makes everything whole."""
    done = subprocess.run(
        [*COMMAND, "run", "--data-dir", str(soak.data)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        soak.tally.wrong.append(f"the last run failed: {done.stderr[-1000:]}")
    soak.check_answer()
    soak.tally.wrong += [f"left: {one}" for one in leftovers(soak.data)]


def trends(samples: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """For each figure the median of the second quarter and of the last one."""
    rows: dict[str, list[float]] = {}
    for one in samples:
        for name, found in one["servers"].items():
            rows.setdefault(f"{name}, MB", []).append(found["mb"])
            rows.setdefault(f"{name}, open files", []).append(found["files"])
        for name in ("dagster_mb", "releases_mb", "leftovers"):
            rows.setdefault(name, []).append(one[name])
    found = {}
    for name, values in rows.items():
        quarter = max(len(values) // 4, 1)
        found[name] = {"early": statistics.median(values[quarter : 2 * quarter] or values),
                       "late": statistics.median(values[-quarter:]),
                       "most": max(values)}  # fmt: skip
    return found


def summary(tally: Tally) -> dict[str, Any]:
    """What was counted, and what became of it."""
    waits = tally.waits or [float("nan")]
    return {
        "minutes": round(tally.samples[-1]["second"] / 60, 1) if tally.samples else 0,
        "counts": dict(tally.counts),
        "setting_ms": {"p50": float(np.median(waits)), "p95": float(np.quantile(waits, 0.95)),
                       "of": len(tally.waits)},
        "trends": trends(tally.samples),
        "wrong": tally.wrong,
    }  # fmt: skip


def world_of(folder: Path, seed: int) -> pl.DataFrame:
    """A made-up history, oldest first."""
    size = ["--users", "60", "--songs", "1500", "--listens", "30000", "--seed", str(seed)]
    subprocess.run([*COMMAND, "demo", *size, "--out", str(folder)], check=True)
    table = pl.read_csv(folder / "Last.fm_data.csv", infer_schema=False)
    moment = (pl.col("Date") + pl.col("Time")).str.to_datetime("%d %b %Y %H:%M")
    return table.sort(moment, maintain_order=True)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Soak, print and write the figures; exit code 1 when something was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--every", type=float, default=30, help="seconds from refresh to refresh")
    parser.add_argument("--sessions", type=int, default=10, help="visitors of the app at once")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        made, data = Path(name) / "made", Path(name) / "data"
        world = world_of(made, options.seed)
        layout = Layout(data)
        layout.history.mkdir(parents=True)
        layout.catalogues.mkdir(parents=True)
        world.head(20_000).write_csv(layout.history / "base.csv")
        catalogue = made / "demo_audio_features.csv"
        (layout.catalogues / catalogue.name).write_bytes(catalogue.read_bytes())
        subprocess.run([*COMMAND, "run", "--data-dir", str(data)], check=True)
        soak = Soak(data, world.tail(-20_000), (free_port(), free_port()), options.seed)

        def keep() -> None:
            if options.json:
                whole = {**summary(soak.tally), "samples": soak.tally.samples}
                write_json({**whole, "machine": describe_machine()}, options.json)

        soak_for(soak, options.minutes, options.every, options.sessions, keep)
    print(json.dumps(summary(soak.tally), indent=1))
    keep()
    sys.exit(1 if soak.tally.wrong else 0)


if __name__ == "__main__":
    main()
