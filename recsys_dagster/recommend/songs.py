"""The songs of a release: search, and finding the song that somebody means."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import (
    SEPARATOR,
    artist_key_of,
    artist_part,
    fold,
    folded_text,
    key_of,
    title_key,
    title_key_of,
)
from recsys_dagster.recommend.answer import Seed, Song
from recsys_dagster.recommend.search import Search

MAX_QUERY = 1_000
"""Characters of a query that are looked at; no song is named with more."""
_BETWEEN = re.compile(r"\s+[-\u2010-\u2015\u2212]\s+")
"""Stands between artist and title."""
_SUGGESTIONS = 3
_SHOWN = ("song_id", "artist", "title", "plays", "listeners", "spotify_id")
_COMPARED = ("song_key", "title_key")


def add_search_columns(songs: pl.DataFrame) -> pl.DataFrame:
    """Add what search and `resolve` compare, worked out once when a release is made.

    Three columns are orders: row r of `by_plays` is the id of the song at rank r, and so for
    `by_key` and `by_title`. Of the same key or title the most played song comes first.
    """
    text = pl.concat_str("artist", "title", separator=" ")
    searched = songs.with_columns(
        folded_text(text).alias("search"),
        folded_text(pl.col("title")).alias("search_title"),
        title_key(pl.col("title")).alias("title_key"),
    )
    return searched.with_columns(
        pl.col("song_id").sort_by("plays", "song_id", descending=[True, False]).alias("by_plays"),
        _in_order_of("song_key").alias("by_key"),
        _in_order_of("title_key").alias("by_title"),
    )


def _in_order_of(column: str) -> pl.Expr:
    return pl.col("song_id").sort_by(column, "plays", "song_id", descending=[False, True, False])


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
        if "by_key" not in table.columns:  # a release as the first version wrote it
            table = add_search_columns(table)
        # In pieces, as it is read, every look at a row would go through all of them.
        self._table = table.select(*_SHOWN, *_COMPARED).rechunk()
        self._shown = self._table.select(_SHOWN)
        self._has_audio = has_audio
        self._by_plays, self._by_key, self._by_title = (
            table[name].to_numpy() for name in ("by_plays", "by_key", "by_title")
        )
        self._n_played = int((self.plays > 0).sum())
        played = self._by_plays[: self._n_played]
        self._search = Search(table["search"].rechunk(), table["search_title"].rechunk(), played)

    def __len__(self) -> int:
        return self._table.height

    @property
    def plays(self) -> NDArray[np.int64]:
        """Play counts, shape (n_songs,)."""
        return self._table["plays"].to_numpy()

    def song(self, song_id: int) -> Song:
        """One song; raises `RecsysError` where there is no such id."""
        self.check([song_id])
        return self._song(*self._shown.row(song_id))

    def check(self, song_ids: Iterable[int]) -> None:
        """Refuse an id that no song has.

        Raises
        ------
        RecsysError
            There is no song with one of the ids.
        """
        for song_id in song_ids:
            if not 0 <= song_id < len(self):
                raise RecsysError(
                    f"There is no song {song_id} in this release; ids go from 0 to {len(self) - 1}."
                )

    def songs(self, song_ids: Sequence[int] | NDArray[np.integer[Any]]) -> list[Song]:
        """Several songs, in the order asked for."""
        # Row by row: a selection costs Polars as much as fifty of them.
        return [self._song(*self._shown.row(int(song_id))) for song_id in song_ids]

    def _song(
        self, song_id: int, artist: str, title: str, plays: int, listeners: int, spotify: str | None
    ) -> Song:
        has_audio = bool(self._has_audio[song_id])
        return Song(song_id, artist, title, plays, listeners, has_audio, spotify)

    def artist_keys(self, song_ids: NDArray[np.int64]) -> NDArray[np.str_]:
        """The artists of songs, (n,), spelled alike where they are the same."""
        keys = self._table["song_key"][song_ids].to_frame().select(artist_part(pl.col("song_key")))
        return np.array(keys.to_series().to_list(), dtype=np.str_)

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
        start = artist_key_of(shown) + SEPARATOR
        after = start[:-1] + chr(ord(start[-1]) + 1)
        first, end = (self._place("song_key", self._by_key, one) for one in (start, after))
        return np.sort(self._by_key[first:end]).astype(np.int64)

    def search(self, text: str, n: int = 10) -> list[Song]:
        """The songs that have every word of a text in artist and title, as nearly as can be.

        Case, accents, order, look-alike characters and unfinished words do not matter, and
        spelling mistakes only where there is no better match; see `recsys_dagster.recommend.search`
        for the order. An empty text gives the most played songs.
        """
        folded = fold(_readable(text))
        if not folded:
            return self.songs(self._by_plays[: min(max(n, 0), self._n_played)])
        return self.songs(self._search.find(folded, max(n, 0)))

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
        for artist, title in _readings(shown):
            song_id = self._first("song_key", self._by_key, key_of(artist, title))
            if song_id is not None:
                return Seed(shown, self.song(song_id))
        song_id = self._first("title_key", self._by_title, title_key_of(shown))
        if song_id is not None:
            return Seed(shown, self.song(song_id))
        return Seed(shown, None, tuple(self.songs(self._search.nearest(fold(shown), _SUGGESTIONS))))

    def _first(self, column: str, order: NDArray[np.int32], text: str) -> int | None:
        """The most played song with a text in a column; `None` where nobody plays any."""
        place = self._place(column, order, text)
        if place == len(order):
            return None
        song_id = int(order[place])
        there = self._table[column][song_id] == text and self._table["plays"][song_id] > 0
        return song_id if there else None

    def _place(self, column: str, order: NDArray[np.int32], text: str) -> int:
        """Where a text stands, or would stand, in a column in order."""
        values = self._table[column]
        return bisect_left(order, text, key=lambda song_id: values[int(song_id)])


def _readable(text: str) -> str:
    """The part of a text that is looked at, without what is no character at all.

    Arguments that are not UTF-8 reach Python as lone surrogates, which no table can hold.
    """
    return text[:MAX_QUERY].encode("utf-8", "replace").decode("utf-8")


def _readings(query: str) -> list[tuple[str, str]]:
    """Every way to read a text as artist and title: both may hold a dash."""
    parts = _BETWEEN.split(query)
    return [
        (" - ".join(parts[:cut]), " - ".join(parts[cut:])) for cut in range(1, min(len(parts), 8))
    ]
