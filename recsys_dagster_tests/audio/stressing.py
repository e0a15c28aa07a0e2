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
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.audio.sources import reccobeats_asking, spotify_lookups
from recsys_dagster_tests.audio import fake_reccobeats
from recsys_dagster_tests.audio.fake_reccobeats import FakeReccobeats, questions_of
from recsys_dagster_tests.audio.fake_spotify import PREMIUM, quota, slow_down
from recsys_dagster_tests.audio.stress_world import BusySpotify, StressWorld, stress_world
from recsys_dagster_tests.audio.stressed import SILENCE
from recsys_dagster_tests.serving import Asked, FakeService, Fault

DAY = 86_400.0
MOST_RUNS = 500
_PLANNED = 200_000
_SETTLED = 0.3
"""Seconds after a kill in which the last request comes in and is let go of."""
_COMMON = (
    *(Fault(status, {"error": {"status": status}}) for status in (500, 501, 502, 503, 504)),
    Fault(502, b"<html>Bad gateway</html>"), Fault(503, b""), Fault(408),
    Fault(200, b"<html>please wait</html>"), Fault(truncate=True), Fault(drop=True),
    Fault(delay=2 * SILENCE),
)  # fmt: skip
_PASSING: dict[str, Sequence[Fault]] = {
    "reccobeats": (*_COMMON, *fake_reccobeats.FAULTS),
    "spotify": (*_COMMON, slow_down("2"), slow_down(None), Fault(401)),
    "accounts": (*_COMMON, slow_down("1")),
}
_BLOCKING: dict[str, Sequence[Fault]] = {
    "reccobeats": (
        Fault(429, {"status": 4291}, {"Retry-After": "86400"}),
        Fault(403, b"error code: 1010"),
    ),
    "spotify": (
        quota(), quota(None), slow_down("3600"), Fault(403, PREMIUM),
        Fault(403, {"error": {"status": 403, "message": "Forbidden"}}),
    ),
    "accounts": (),
}  # fmt: skip
"""These end a service's part of a run, so each comes once."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A request: when it came by the clock of the run, its questions, whether it was answered."""

    at: float
    questions: tuple[tuple[str, ...], ...]
    answered: bool


@dataclass
class Journal:
    """All requests to the services in the order in which they came.

    Attributes
    ----------
    offset
        By how much the clock of the run is ahead.
    under_way
        Which requests were the last before a kill.
    """

    entries: list[Entry] = field(default_factory=list)
    offset: float = 0
    under_way: set[int] = field(default_factory=set)

    def follow(self, name: str, service: FakeService, faults: Sequence[Fault | None]) -> None:
        """Write down what comes in at a service, and let it go wrong as planned."""
        service.faults.extend(faults)

        def note(count: int) -> None:
            answered = count > len(faults) or faults[count - 1] is None
            asked = _questions(name, service.asked[count - 1])
            self.entries.append(Entry(time.time() + self.offset, asked, answered))

        service.before_answer = note

    def lost(self) -> int:
        """How many requests a kill cost: answered, and asked again."""
        return len(self._repeats(set())) - len(self.repeats())

    def repeats(self) -> list[tuple[str, ...]]:
        """Questions asked again while their answer was good, but for what a kill cost."""
        return self._repeats(self.under_way)

    def _repeats(self, forgiven: set[int]) -> list[tuple[str, ...]]:
        good_until: dict[tuple[str, ...], float] = defaultdict(float)
        found = []
        for number, entry in enumerate(self.entries):
            again = [one for one in entry.questions if entry.at < good_until[one]]
            found += again[:1]
            if entry.answered and number not in forgiven:
                for one in entry.questions:
                    good_until[one] = entry.at + _KEPT[one[0]]
        return found


_KEPT = {
    "reccobeats": reccobeats_asking.MISSED_FOR,
    "search": spotify_lookups.MATCHES_KEPT,
    "audio-features": spotify_lookups.FEATURES_KEPT,
}
"""Seconds for which an answer is good, by the first word of its question."""


def _questions(name: str, asked: Asked) -> tuple[tuple[str, ...], ...]:
    """What a request asks; tokens are not asked for by a song."""
    if name == "reccobeats":
        return tuple(("reccobeats", *one) for one in questions_of([asked]))
    if name == "spotify" and asked.path[-1] == "search":
        return (("search", asked.params["q"]),)
    if name == "spotify":
        return tuple(("audio-features", one) for one in asked.params["ids"].split(","))
    return ()


def plan(
    name: str, rng: random.Random, share: float, requests: int, blocks: int | None
) -> list[Fault | None]:
    """What goes wrong at a service; that many of its blocking faults within so many requests."""
    blocking = _BLOCKING[name][:blocks]
    planned = [
        rng.choice(_PASSING[name]) if rng.random() < share else None for _ in range(_PLANNED)
    ]
    if share:
        moments = rng.sample(range(1, max(requests, 10)), len(blocking))
        for at, fault in zip(moments, blocking, strict=True):
            planned[at] = fault
    return planned


@dataclass
class Bench:
    """The services, and the folder in which a world is looked up."""

    folder: Path
    addresses: Sequence[str]
    journal: Journal

    def start(self) -> subprocess.Popen[str]:
        """Start a run in a process group of its own."""
        module = "recsys_dagster_tests.audio.stressed"
        return subprocess.Popen(
            [sys.executable, "-m", module, str(self.folder), *self.addresses,
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
    journal, blocked_within = Journal(), world.songs.height // 4
    with reccobeats, spotify, spotify.accounts as accounts:
        services = {"reccobeats": reccobeats, "spotify": spotify, "accounts": accounts}
        for name, service in services.items():
            journal.follow(name, service, plan(name, rng, share, blocked_within, blocks))
        yield Bench(folder, [service.url for service in services.values()], journal)


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
                time.sleep(_SETTLED)
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
