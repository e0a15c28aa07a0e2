"""The songs of a release: search, and finding the song that somebody means."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import (
    SEPARATOR,
    artist_key,
    fold,
    folded_text,
    key_of,
    title_key,
)
from recsys_dagster.recommend.answer import Seed, Song

MAX_QUERY = 1_000
"""Characters of a query that are looked at; no song is named with more."""
_BETWEEN = re.compile(r"\s+[-\u2010-\u2015\u2212]\s+")
"""Stands between artist and title."""
_SUGGESTIONS = 3
_SUGGEST_AMONG = 50_000


def add_search_columns(songs: pl.DataFrame) -> pl.DataFrame:
    """Add what search and `resolve` compare, worked out once when a release is made."""
    text = pl.concat_str("artist", "title", separator=" ")
    return songs.with_columns(
        folded_text(text).alias("search"),
        folded_text(pl.col("title")).alias("search_title"),
        title_key(pl.col("title")).alias("title_key"),
    )


class SongTable:
    """The released songs; row = `song_id`.

    Songs that nobody plays any more keep their row, and are neither found nor recommended.

    Parameters
    ----------
    table
        song_id, artist, title, song_key, plays, listeners, spotify_id and the columns of
        `add_search_columns`.
    has_audio
        Whether the audio sources can use each song, shape (n_songs,).
    """

    def __init__(self, table: pl.DataFrame, has_audio: NDArray[np.bool_]) -> None:
        self._table = table
        self._has_audio = has_audio
        self._played = table.filter(pl.col("plays") > 0).sort(
            ["plays", "song_id"], descending=[True, False]
        )

    def __len__(self) -> int:
        return self._table.height

    @property
    def plays(self) -> NDArray[np.int64]:
        """Play counts, shape (n_songs,)."""
        return self._table["plays"].to_numpy()

    def song(self, song_id: int) -> Song:
        """One song; raises `RecsysError` where there is no such id."""
        self.check(song_id)
        return self._songs(self._table[[song_id]])[0]

    def check(self, song_id: int) -> None:
        """Refuse an id that no song has.

        Raises
        ------
        RecsysError
            There is no song with that id.
        """
        if not 0 <= song_id < len(self):
            raise RecsysError(
                f"There is no song {song_id} in this release; ids go from 0 to {len(self) - 1}."
            )

    def songs(self, song_ids: Sequence[int]) -> list[Song]:
        """Several songs, in the order asked for."""
        return self._songs(self._table[list(song_ids)]) if len(song_ids) else []

    def artist_keys(self, song_ids: NDArray[np.int64]) -> NDArray[np.str_]:
        """The artists of songs, (n,), spelled alike where they are the same."""
        keys = self._table["song_key"][song_ids].str.split(SEPARATOR).list.first()
        return np.array(keys.to_list(), dtype=np.str_)

    def by_artist(self, artist: str) -> NDArray[np.int64]:
        """The ids of an artist's songs, ascending; none where there is no such artist.

        Raises
        ------
        RecsysError
            The text is empty.
        """
        shown = _readable(artist.strip())
        if not shown:
            raise RecsysError("The name of an artist is missing.")
        row = pl.DataFrame({"artist": [shown]})
        start = str(row.select(artist_key(pl.col("artist"))).item()) + SEPARATOR
        return self._table["song_key"].str.starts_with(start).arg_true().to_numpy().astype(np.int64)

    def search(self, text: str, n: int = 10) -> list[Song]:
        """Songs in whose artist and title every word of the text stands.

        Case, accents and look-alike characters do not matter. Songs whose title is the text
        come first, then those whose title or artist begins with it, then the most played. An
        empty text gives the most played songs.
        """
        folded = fold(_readable(text))
        found = self._played
        for word in dict.fromkeys(folded.split()):
            found = found.filter(pl.col("search").str.contains(word, literal=True))
        if folded:
            starts = pl.col("search").str.starts_with(folded)
            title_starts = pl.col("search_title").str.starts_with(folded)
            found = found.sort(
                pl.col("search_title") == folded,
                starts | title_starts,
                descending=True,
                maintain_order=True,
            )
        return self._songs(found.head(max(n, 0)))

    def resolve(self, query: str) -> Seed:
        """Find the song that a text means: "Artist - Title", or a title alone.

        A title alone is taken for the most played song of that title. Without a match, the seed
        has the nearest songs as suggestions.

        Raises
        ------
        RecsysError
            The text is empty.
        """
        shown = _readable(query.strip())
        if not shown:
            raise RecsysError('A song is missing: name it as "Artist - Title".')
        keys = [key_of(artist, title) for artist, title in _readings(shown)]
        for key in keys:
            named = self._played.filter(pl.col("song_key") == key)
            if named.height:
                return Seed(shown, self._songs(named.head(1))[0])
        titles = self._played.filter(pl.col("title_key") == _title_only(shown))
        if titles.height:
            return Seed(shown, self._songs(titles.head(1))[0])
        return Seed(shown, None, tuple(self._nearest(shown)))

    def _nearest(self, query: str) -> list[Song]:
        """The songs spelled most like a text, among those of a word of it and the most played."""
        folded = fold(query)
        words = [word for word in folded.split() if len(word) > 2][:8]
        sharing = pl.any_horizontal(
            [pl.col("search").str.contains(word, literal=True) for word in words] or [pl.lit(False)]
        )
        among = self._played.filter(sharing).head(_SUGGEST_AMONG)
        if among.height < _SUGGESTIONS:
            among = self._played.head(_SUGGEST_AMONG)
        plain = folded.replace(" - ", " ")
        best = process.extract(
            plain, among["search"].to_list(), scorer=fuzz.token_sort_ratio, limit=_SUGGESTIONS,
            score_cutoff=60,
        )  # fmt: skip
        return self._songs(among[[position for _, _, position in best]])

    def _songs(self, rows: pl.DataFrame) -> list[Song]:
        columns = ("song_id", "artist", "title", "plays", "listeners", "spotify_id")
        return [
            Song(
                song_id, artist, title, plays, listeners, bool(self._has_audio[song_id]), spotify_id
            )
            for song_id, artist, title, plays, listeners, spotify_id in rows.select(columns).rows()
        ]


def _readable(text: str) -> str:
    """The part of a text that is looked at, without what is no character at all.

    Arguments that are not UTF-8 reach Python as lone surrogates, which no table can hold.
    """
    return text[:MAX_QUERY].encode("utf-8", "replace").decode("utf-8")


def _title_only(query: str) -> str:
    """The title key of a text that names no artist."""
    row = pl.DataFrame({"title": [query]})
    return str(row.select(title_key(pl.col("title"))).item())


def _readings(query: str) -> list[tuple[str, str]]:
    """Every way to read a text as artist and title: both may hold a dash."""
    parts = _BETWEEN.split(query)
    return [
        (" - ".join(parts[:cut]), " - ".join(parts[cut:])) for cut in range(1, min(len(parts), 8))
    ]
