"""A made-up world for stress: songs that three sources know in every mixture there is."""

import csv
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.identity import song_key
from recsys_dagster_tests.audio.fake_reccobeats import FakeTrack, made_up_features
from recsys_dagster_tests.audio.fake_spotify import FakeSpotify, Track, sound, track_id

_BATCH, _SONGS_OF_AN_ARTIST, _SONGS_OF_A_TITLE = 500, 7, 3
_SYLLABLES = ("ba", "do", "fi", "gu", "ke", "lo", "mi", "na", "pu", "ra", "se", "ti", "vo", "zu")


@dataclass(frozen=True)
class StressWorld:
    """Songs with batches, and what each of the three sources knows of them."""

    songs: pl.DataFrame
    catalogue: Sequence[dict[str, Any]]
    reccobeats: Sequence[FakeTrack]
    spotify: Sequence[Track]

    def write_catalogue(self, path: Path) -> None:
        """The catalogue as a user drops it."""
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["artist", "title", *FEATURES])
            writer.writeheader()
            writer.writerows(self.catalogue)


class BusySpotify(FakeSpotify):
    """Finds tracks by an index, as there are many."""

    def __init__(self, *tracks: Track) -> None:
        super().__init__(*tracks)
        self._with_word: dict[str, list[Track]] = defaultdict(list)
        for track in tracks:
            for word in track.words:
                self._with_word[word].append(track)

    def nearest(self, words: set[str]) -> list[Track]:
        hits = {track.id: track for word in words for track in self._with_word.get(word, [])}
        return sorted(hits.values(), key=lambda one: (-len(words & one.words), one.id))


def stress_world(songs: int) -> StressWorld:
    """The world of a number of songs; the same for the same number.

    Of a hundred songs some 15 are in the catalogue, 85 have Spotify ids, which are of use for 80,
    ReccoBeats knows 70 and Spotify 85, each some of them without features. Three songs share a
    title.
    """
    rng = random.Random(songs)
    artists = songs // _SONGS_OF_AN_ARTIST + _SONGS_OF_A_TITLE
    listed = [(number, *_names(number, artists)) for number in range(songs)]
    return StressWorld(
        _table([(*song, _ids(song[0], rng)) for song in listed]),
        [_catalogue_row(*song, rng) for song in listed if rng.random() < 0.15],
        [_reccobeats_track(*song, rng) for song in listed if rng.random() < 0.7],
        [_spotify_track(*song, rng) for song in listed if rng.random() < 0.85],
    )


def _names(number: int, artists: int) -> tuple[str, str]:
    """Songs that share a title are of different artists."""
    return _words(number % artists), _words(10**8 + 7919 * (number - number % _SONGS_OF_A_TITLE))


def _words(number: int) -> str:
    """Two words that few other numbers share."""
    rng = random.Random(number)
    return " ".join("".join(rng.choices(_SYLLABLES, k=4)).capitalize() for _ in range(2))


def _ids(number: int, rng: random.Random) -> list[str]:
    """Its id, or that of another release that nobody knows, or both, or none."""
    own, unknown = track_id(number), track_id(10**9 + number)
    return rng.choices([[own], [unknown, own], [unknown], []], [75, 5, 5, 15])[0]


def _table(rows: Sequence[tuple[int, str, str, list[str]]]) -> pl.DataFrame:
    texts = {"artist": pl.String(), "title": pl.String()}
    schema = pl.Schema({"song_id": pl.Int32(), **texts, "spotify_ids": pl.List(pl.String())})
    table = pl.DataFrame(rows, schema, orient="row")
    return table.with_columns(
        song_key(pl.col("artist"), pl.col("title")).alias("song_key"),
        (pl.col("song_id") // _BATCH).alias("batch"),
    )


def _catalogue_row(number: int, artist: str, title: str, rng: random.Random) -> dict[str, Any]:
    """Whole, or without some values, or spelled otherwise."""
    features: dict[str, Any] = {**_sound(number), "energy": 0.5}
    if rng.random() < 0.3:
        features |= {"duration_ms": None, "tempo": None}
    spelled = f"{title} (Album Version)" if rng.random() < 0.2 else title
    return {"artist": artist, "title": spelled, **features}


def _reccobeats_track(number: int, artist: str, title: str, rng: random.Random) -> FakeTrack:
    features = made_up_features(number) if rng.random() < 0.9 else None
    return FakeTrack(track_id(number), title, [artist, "A Guest"], features)


def _spotify_track(number: int, artist: str, title: str, rng: random.Random) -> Track:
    return Track(number, [artist], title, features=sound(number) if rng.random() < 0.9 else None)


def _sound(number: int) -> dict[str, Any]:
    return {name: sound(number)[name] for name in FEATURES}
