"""Bad days for the look-up of audio features: faults of every kind, and a kill every few seconds.

`python -m recsys_dagster_tests.audio.stressing --songs 20000 --faults 0.05 --kill-every 10`

Three sources look up a made-up world, once undisturbed and once with a share of the requests
going wrong and the process group killed again and again. Services also block, for an hour, a day
or a month; when a run has ended without what they kept back, the clock of the next is moved on to
when it said that it would ask again. In the end the features have to be equal, no question may
have been asked again while its answer was good, and a kill may have cost the one request that was
under way.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats
from recsys_dagster_tests.audio.stress_faults import plan
from recsys_dagster_tests.audio.stress_journal import Journal
from recsys_dagster_tests.audio.stress_world import BusySpotify, StressWorld, stress_world
from recsys_dagster_tests.serving import FakeService

MOST_RUNS = 500


@dataclass
class Bench:
    """The services, and the folder in which a world is looked up."""

    folder: Path
    services: Sequence[FakeService]
    journal: Journal

    def start(self) -> subprocess.Popen[str]:
        """Start a run in a process group of its own."""
        module = "recsys_dagster_tests.audio.stressed"
        return subprocess.Popen(
            [sys.executable, "-m", module, str(self.folder), *(one.url for one in self.services),
             str(self.journal.offset)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            cwd=Path(__file__).parents[2],
        )  # fmt: skip

    def run(self, seconds: float | None = None) -> dict[str, Any] | None:
        """What a run says at its end; None where it was killed after some seconds.

        They count from when it begins to look up: a busy machine needs long to start Python.
        """
        process = self.start()
        try:
            assert process.stdout is not None
            process.stdout.readline()
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        assert process.returncode == 0, err
        said: dict[str, Any] = json.loads(out)
        return said

    def features(self) -> pl.DataFrame:
        """What was gathered, without the times."""
        table = pl.read_parquet(self.folder / "all.parquet", glob=False)
        return table.drop("retry_at", "expires_at", strict=False)


@contextmanager
def bench(
    world: StressWorld,
    folder: Path,
    share: float,
    rng: random.Random,
    blocks: int | None = None,
) -> Iterator[Bench]:
    """Serve a world, with faults in a share of the requests."""
    folder.mkdir()
    world.songs.write_parquet(folder / "songs.parquet")
    world.write_catalogue(folder / "catalogue.csv")
    reccobeats, spotify = FakeReccobeats(world.reccobeats), BusySpotify(*world.spotify)
    journal, blocked_within = Journal(), world.songs.height // 8
    with reccobeats, spotify, spotify.accounts as accounts:
        services = {"reccobeats": reccobeats, "spotify": spotify, "accounts": accounts}
        for name, service in services.items():
            journal.follow(name, service, plan(name, rng, share, blocked_within, blocks))
        yield Bench(folder, [*services.values()], journal)


@dataclass(frozen=True)
class Outcome:
    """How a stressed look-up went."""

    equal: bool
    songs: int
    found: int
    runs: int
    kills: int
    moved: int
    requests: int
    faults: int
    undisturbed_requests: int
    lost: int
    repeats: Sequence[tuple[str, ...]]

    @property
    def is_good(self) -> bool:
        """Whether all is as it has to be."""
        return self.equal and not self.repeats and self.lost <= self.kills


def stress(
    songs: int,
    share: float,
    kill_every: float,
    seed: int,
    folder: Path,
    blocks: int | None = None,
) -> Outcome:
    """Look a world up undisturbed, then disturbed until the features are the same.

    Parameters
    ----------
    songs
        How many there are.
    share
        Of the requests, how many go wrong.
    kill_every
        Seconds of work after which a run is killed.
    seed
        Of what goes wrong when.
    folder
        Where to work.
    blocks
        How many times each service blocks; None for in all the ways that it has.
    """
    world, rng = stress_world(songs), random.Random(seed)
    with bench(world, folder / "undisturbed", 0, rng) as calm:
        calm.run()
        wanted, calm_requests = calm.features(), len(calm.journal.entries)
    with bench(world, folder / "disturbed", share, rng, blocks) as bad:
        runs, kills, moved, equal = 0, 0, 0, False
        while not equal and runs < MOST_RUNS:
            runs += 1
            said = bad.run(kill_every)
            if said is None:
                for service in bad.services:
                    service.settle()
                bad.journal.under_way.add(len(bad.journal.entries) - 1)
                kills += 1
                _tell(f"kill {kills} after {len(bad.journal.entries):,} requests")
                continue
            equal = bad.features().equals(wanted)
            if not equal and said["retry_at"] is not None:
                ahead = max(said["retry_at"] - time.time(), bad.journal.offset) + 1
                _tell(f"clock moved on by {(ahead - bad.journal.offset) / 3600:.1f} h: {said}")
                bad.journal.offset, moved = ahead, moved + 1
        entries = bad.journal.entries
        return Outcome(
            equal, songs, int((wanted["status"] == "found").sum()), runs, kills, moved,
            len(entries), sum(not entry.answered for entry in entries), calm_requests,
            bad.journal.lost(), bad.journal.repeats(),
        )  # fmt: skip


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Stress, and say how it went; exit code 1 where anything is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=20_000)
    parser.add_argument("--faults", type=float, default=0.05, help="share of requests")
    parser.add_argument("--kill-every", type=float, default=10, help="seconds")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        outcome = stress(
            options.songs, options.faults, options.kill_every, options.seed, Path(name)
        )
    _tell(str(outcome))
    sys.exit(0 if outcome.is_good else 1)


if __name__ == "__main__":
    main()
