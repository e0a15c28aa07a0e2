"""The `spotify` source, for the few accounts that still get audio features."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import polars as pl

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.features import FEATURES, refuse_impossible
from recsys_dagster.audio.sources import candidates
from recsys_dagster.audio.sources.base import ERROR, FOUND, LOOKED_UP, NO_FEATURES, NOT_FOUND
from recsys_dagster.audio.sources.spotify_lookups import (
    FEATURES_KEPT,
    MATCH,
    MATCHES_KEPT,
    SOUND,
    Features,
    Lookups,
    Off,
)
from recsys_dagster.audio.sources.spotify_session import PATIENCE
from recsys_dagster.audio.sources.spotify_trouble import DAY
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.spotify_ids import is_spotify_id
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.patience import Patience

if TYPE_CHECKING:
    from recsys_dagster.audio.sources.spotify_client import SpotifyClient

TERMS = (
    "spotify is among the feature sources: Spotify's terms do not allow machine learning with "
    "what it answers. `recsys purge spotify` deletes all of it."
)
_MOST_IDS = 3


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a song: tracks that it may be, the score, and whether it is none."""

    tracks: Sequence[str]
    score: float | None = 1.0
    is_none: bool = False


class SpotifySource:
    """Asks Spotify for songs' audio features: by their ids, else by the track that a search finds.

    Nothing is searched for before features have been seen to come: without them ids are of no
    use, and searches are counted.

    Parameters
    ----------
    settings
        Addresses and credentials.
    open_answers
        Opens what has been answered so far; called when there is something to look up.
    clock
        Tells the time, and waits.
    patience
        How long Spotify is waited for.

    Raises
    ------
    RecsysError
        A setting is missing, or an address is none.
    """

    name = "spotify"
    is_service = True
    fingerprint = hash_json(["spotify", "1", candidates.VERSION])

    def __init__(
        self,
        settings: Settings,
        open_answers: Callable[[], Answers],
        clock: Clock = time,
        patience: Patience = PATIENCE,
    ) -> None:
        _refuse_incomplete(settings)
        self._settings, self._open_answers, self._clock = settings, open_answers, clock
        self._patience = patience
        self._used = False

    @cached_property
    def _lookups(self) -> Lookups:
        self._used = True
        return Lookups(self._open_answers(), self._connect, self._clock)

    def _connect(self) -> "SpotifyClient":
        # spotipy takes half a second to import, which only those who ask Spotify shall wait.
        from recsys_dagster.audio.sources.spotify_client import SpotifyClient

        return SpotifyClient(self._settings, self._clock, patience=self._patience)

    @property
    def refused_files(self) -> list[str]:
        """None: it reads no files."""
        return []

    @property
    def requests(self) -> int:
        """How many requests it has sent, those for tokens too."""
        return self._lookups.requests if self._used else 0

    @property
    def remarks(self) -> list[str]:
        """What Spotify's terms say, and why and until when it is not asked."""
        if not self._used:
            return []
        return [TERMS, *([_in_words(self._lookups.off)] if self._lookups.off else [])]

    def close(self) -> None:
        """Let go of the file and the connections."""
        if self._used:
            self._lookups.close()

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Take songs from the cache, and ask for the others; see `FeatureSource.look_up`."""
        if not songs.height:
            return pl.DataFrame(schema=LOOKED_UP)
        known = {
            song_id: _Known([one for one in ids or [] if is_spotify_id(one)][:_MOST_IDS])
            for song_id, ids in songs.select("song_id", "spotify_ids").iter_rows()
        }
        features = self._of_tracks([song.tracks for song in known.values()])
        unnumbered = [song_id for song_id, song in known.items() if not song.tracks]
        known |= self._matched(songs.filter(pl.col("song_id").is_in(unnumbered)))
        features |= self._lookups.features(
            track for song_id in unnumbered for track in known[song_id].tracks
        )
        return self._table(songs, known, features)

    def _of_tracks(self, tracks: Sequence[Sequence[str]]) -> Features:
        """Ask for each song's first track, and for the next one where that has no features."""
        features: Features = {}
        for rank in range(_MOST_IDS):
            left = [ids for ids in tracks if len(ids) > rank]
            features |= self._lookups.features(
                ids[rank] for ids in left if all(_is_silent(one, features) for one in ids[:rank])
            )
        return features

    def _matched(self, songs: pl.DataFrame) -> dict[int, _Known]:
        return {
            song_id: _Known([match["id"]], match["score"]) if match else _Known([], None, True)
            for song_id, match in self._lookups.match(songs).items()
        }

    def _table(
        self, songs: pl.DataFrame, known: Mapping[int, _Known], features: Features
    ) -> pl.DataFrame:
        """What came of each song, as `LOOKED_UP`."""
        until = self._lookups.expiry(SOUND, list(features))
        missed = self._lookups.expiry(MATCH, songs["song_key"].to_list())
        left = self._lookups.off or Off(ERROR, "", self._clock.time() + DAY)
        rows: list[dict[str, Any]] = []
        for song_id, key in songs.select("song_id", "song_key").iter_rows():
            song = known[song_id]
            track = next((one for one in song.tracks if features.get(one)), "")
            row = {"song_id": song_id, "score": song.score}
            if found := features.get(track):
                row |= {**found, "status": FOUND, "expires_at": until[track]}
            elif song.tracks and all(_is_silent(one, features) for one in song.tracks):
                again = min(until[one] for one in song.tracks) + MATCHES_KEPT - FEATURES_KEPT
                row |= {"status": NO_FEATURES, "retry_at": again}
            elif song.is_none:
                row |= {"status": NOT_FOUND, "retry_at": missed.get(key)}
            else:
                row |= {"status": left.status, "retry_at": left.until, "score": None}
            rows.append(row)
        return _as_looked_up(rows)


def _is_silent(track: str, features: Features) -> bool:
    """Whether Spotify has said that it has no features of a track."""
    return track in features and features[track] is None


def _as_looked_up(rows: list[dict[str, Any]]) -> pl.DataFrame:
    said = {"song_id": pl.Int32, "status": pl.String}
    numbers = dict.fromkeys(("score", "retry_at", "expires_at"), pl.Float64)
    table = pl.DataFrame(rows, {**said, **numbers, **dict.fromkeys(FEATURES, pl.String)})
    usable = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    useless = (pl.col("status") == FOUND) & ~usable
    return (
        refuse_impossible(table)
        .with_columns(
            pl.when(useless).then(pl.lit(NO_FEATURES)).otherwise("status").alias("status")
        )
        .select(*LOOKED_UP)
        .collect()
        .cast(LOOKED_UP)
    )


def _in_words(off: Off) -> str:
    until = f"{datetime.fromtimestamp(off.until, UTC):%Y-%m-%d %H:%M} UTC"
    return f"{off.reason}. Songs that this left out are asked for again from {until} on."


def _refuse_incomplete(settings: Settings) -> None:
    if not settings.spotipy_client_id or not settings.spotipy_client_secret:
        raise RecsysError(
            "RECSYS_FEATURE_SOURCES names spotify, which needs SPOTIPY_CLIENT_ID and "
            "SPOTIPY_CLIENT_SECRET. Get them at https://developer.spotify.com/dashboard, or take "
            "spotify out of RECSYS_FEATURE_SOURCES."
        )
    for name in ("spotify_api_url", "spotify_accounts_url"):
        if not re.match(r"https?://[^/]", getattr(settings, name)):
            raise RecsysError(
                f"The address of Spotify is not one that can be asked. Correct {name.upper()} in "
                "the environment or in .env, or leave it out."
            )
