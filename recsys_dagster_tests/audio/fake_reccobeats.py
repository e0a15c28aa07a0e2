"""ReccoBeats as the documentation and observers describe it, over tracks of one's own making."""

import random
import re
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import polars as pl

from recsys_dagster.identity import song_key
from recsys_dagster_tests.serving import Asked, FakeService, Fault, Reply

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
RESULTS = 200
"""A search stops here."""
NAMES = (
    "acousticness", "danceability", "energy", "instrumentalness", "key", "liveness", "loudness",
    "mode", "speechiness", "tempo", "valence",
)  # fmt: skip
"""The features that it has."""


def spotify_id(number: int) -> str:
    """One of many ids."""
    digits = ""
    for _ in range(22):
        number, digit = divmod(number, 62)
        digits = LETTERS[digit] + digits
    return digits


def made_up_features(number: int) -> dict[str, Any]:
    """Features that follow from a number."""
    rng = random.Random(number)
    whole = {"key": rng.randrange(12), "mode": rng.randrange(2)}
    wide = {"loudness": round(-30 * rng.random(), 3), "tempo": round(60 + 120 * rng.random(), 3)}
    return {name: round(rng.random(), 6) for name in NAMES} | whole | wide


@dataclass(frozen=True)
class FakeTrack:
    """A track; `features` is None where the service has none."""

    id: str
    title: str
    artists: Sequence[str]
    features: dict[str, Any] | None = field(default_factory=lambda: made_up_features(0))

    @property
    def reference(self) -> dict[str, Any]:
        """What every row about it has."""
        own = uuid.uuid5(uuid.NAMESPACE_URL, self.id)
        return {"id": str(own), "href": f"https://open.spotify.com/track/{self.id}", "isrc": None}

    @property
    def row(self) -> dict[str, Any]:
        """Itself, as a search shows it."""
        artists = [
            {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, name)), "name": name, "href": None}
            for name in self.artists
        ]
        return {
            **self.reference, "trackTitle": self.title, "artists": artists, "durationMs": 200_040,
            "ean": None, "upc": None, "availableCountries": "AR,AU,AT,BE", "popularity": 50,
        }  # fmt: skip


class FakeReccobeats(FakeService):
    """The server.

    Attributes
    ----------
    tracks
        What it knows, by Spotify id.
    """

    def __init__(self, tracks: Iterable[FakeTrack] = ()) -> None:
        super().__init__()
        self.tracks: dict[str, FakeTrack] = {}
        self._with_word: dict[str, list[FakeTrack]] = defaultdict(list)
        self._rng = random.Random(0)
        for track in tracks:
            self.add(track)

    def add(self, track: FakeTrack) -> None:
        """Let it know a track from now on."""
        self.tracks[track.id] = track
        for word in set(_words(track.title)):
            self._with_word[word].append(track)

    def answer(self, asked: Asked) -> Reply:
        agent = asked.headers.get("User-Agent", "")
        if not agent or agent.startswith("Python-urllib"):
            return 403, b"error code: 1010"
        if asked.path == ("v1", "audio-features"):
            return self._audio_features(asked)
        if asked.path == ("v1", "track", "search"):
            return self._search(asked)
        return 404, {"error": "not found", "path": "/".join(asked.path), "status": 4042}

    def _audio_features(self, asked: Asked) -> Reply:
        ids = ids_of(asked)
        if not 1 <= len(ids) <= 40:
            return invalid("getAudioFeatures.ids", "size must be between 1 and 40")
        known = [self.tracks[one] for one in dict.fromkeys(ids) if one in self.tracks]
        rows = [{**one.reference, **one.features} for one in known if one.features is not None]
        self._rng.shuffle(rows)
        return 200, {"content": rows}

    def _search(self, asked: Asked) -> Reply:
        text = asked.params.get("searchText", "")
        page, size = int(asked.params.get("page", 0)), int(asked.params.get("size", 25))
        if not 3 <= len(text) <= 1000:
            return invalid("searchTracks.searchText", "size must be between 3 and 1000")
        if not 1 <= size <= 50:
            return invalid("searchTracks.size", "must be between 1 and 50")
        hits = self._with_phrase(text)[:RESULTS]
        return 200, {
            "content": [one.row for one in hits[page * size : (page + 1) * size]],
            "page": page, "size": size, "totalElements": len(hits),
            "totalPages": -(-len(hits) // size),
        }  # fmt: skip

    def _with_phrase(self, text: str) -> list[FakeTrack]:
        """The tracks with these words, in this order, in the title: nothing else is looked at."""
        words = _words(text)
        rarest = min((self._with_word[word] for word in words), key=len, default=[])
        phrase = f" {' '.join(words)} "
        return [one for one in rarest if phrase in f" {' '.join(_words(one.title))} "]


def invalid(path: str, message: str) -> Reply:
    """How it refuses an argument; `status` is a code of its own."""
    return 400, {"status": 4004, "errors": [{"path": path, "message": message}]}


def ids_of(asked: Asked) -> list[str]:
    """The ids that a request asks for, comma-separated or repeated."""
    return [one for part in parse_qs(asked.query).get("ids", []) for one in part.split(",") if one]


def questions_of(requests: Iterable[Asked]) -> Counter[tuple[str, ...]]:
    """How often each id, and each page of each search, was asked for."""
    asked: Counter[tuple[str, ...]] = Counter()
    for one in requests:
        if one.path[-1] == "search":
            asked[one.params["searchText"], one.params["page"]] += 1
        else:
            asked.update((name,) for name in ids_of(one))
    return asked


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


FAULTS = (
    Fault(429, {"status": 4291}, {"Retry-After": "2"}),
    Fault(429, {"status": 4291}),
    Fault(500, {"status": 5001}),
    Fault(503, b"<html>unavailable</html>"),
    Fault(200, b"<html>please wait</html>"),
    Fault(200, {"content": None}),
    Fault(truncate=True),
    Fault(drop=True),
)
"""What goes wrong on an ordinary bad day."""


def some_faults(rng: random.Random, share: float, requests: int) -> list[Fault | None]:
    """A plan for a number of requests, a share of which goes wrong."""
    return [rng.choice(FAULTS) if rng.random() < share else None for _ in range(requests)]


class MovedClock:
    """A clock that goes on when somebody sleeps, or sets it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.slept.append(seconds)
        self.now += seconds


def made_up_world(songs: int, of_a_title: int = 3) -> tuple[pl.DataFrame, list[FakeTrack]]:
    """Songs with batches, and what the service knows of them.

    Of every eight, some have ids that it knows, ids that it does not know, or none; some are
    under another artist's name, without features, or not there. `of_a_title` songs share a title.
    """
    rows: list[dict[str, Any]] = []
    tracks: list[FakeTrack] = []
    for number in range(songs):
        artist, title = f"Artist {number % 97}", f"Song Number {number - number % of_a_title}"
        known, unknown = spotify_id(number + 1), spotify_id(10**9 + number)
        kind = number % 8
        ids = {0: [known], 1: [unknown, known], 2: [unknown], 3: []}.get(kind)
        rows.append(
            {"song_id": number, "artist": artist, "title": title, "spotify_ids": ids,
             "batch": number // 500}
        )  # fmt: skip
        if kind != 7:
            features = None if kind == 6 else made_up_features(number)
            artists = ["Somebody Else"] if kind == 5 else [artist, "A Guest"]
            tracks.append(
                FakeTrack(known, title + " - Live" * (number % 16 == 4), artists, features)
            )
    schema = pl.Schema(
        {
            "song_id": pl.Int32(),
            "artist": pl.String(),
            "title": pl.String(),
            "spotify_ids": pl.List(pl.String()),
            "batch": pl.Int32(),
        }
    )
    table = pl.DataFrame(rows, schema=schema)
    key = song_key(pl.col("artist"), pl.col("title")).alias("song_key")
    return table.with_columns(key), tracks
