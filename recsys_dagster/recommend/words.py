"""The words of texts, and in which texts each stands."""

from bisect import bisect_left
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

Rows = NDArray[np.int64]

_PIECE = r"[\p{L}\p{N}]+"
_AFTER_ALL = "\U0010ffff"
_PART = 250_000
"""Texts that are cut into words at a time, so that not all words are in memory at once."""


def words_of(word: pl.Expr) -> pl.Expr:
    """The words of what stands between two spaces, as a list.

    Its runs of letters and digits, and all of them as one: `ac/dc` is `ac`, `dc` and `acdc`.
    What has no letter or digit is a word itself: `!!!`.
    """
    pieces = word.str.extract_all(_PIECE)
    joined = pl.concat_list(pieces, pieces.list.join("")).list.unique(maintain_order=True)
    return pl.when(pieces.list.len() == 0).then(pl.concat_list(word)).otherwise(joined)


class WordIndex:
    """The words of texts in alphabetical order, each with the texts that have it.

    Words that begin alike stand together, and so do their texts, so that all texts with a word
    that begins in some way are one slice. A word may stand there several times in a row.

    Parameters
    ----------
    texts
        Folded texts; they are known by their places.
    """

    def __init__(self, texts: pl.Series) -> None:
        parts = [_spellings(texts[start : start + _PART], start)
                 for start in range(0, max(len(texts), 1), _PART)]  # fmt: skip
        every_place = pl.col("place").list.explode(keep_nulls=False, empty_as_null=False)
        table = (
            pl.concat(parts)
            .lazy()
            .group_by("text")
            .agg(every_place)
            .select("place", words_of(pl.col("text")).alias("word"))
            .explode("word")
            .sort("word")
            .collect()
        )
        self.words: list[str] = table["word"].to_list()
        self._starts = np.append(0, table["place"].list.len().cum_sum().to_numpy())
        self._places = table["place"].explode(empty_as_null=False).to_numpy()

    def beginning(self, start: str) -> slice:
        """The rows of the words that begin so."""
        first = bisect_left(self.words, start)
        return slice(first, bisect_left(self.words, start + _AFTER_ALL, first))

    def places(self, rows: slice | Rows) -> NDArray[np.int32]:
        """The places of the texts with any of some words; some come several times."""
        if isinstance(rows, slice):
            return self._places[self._starts[rows.start] : self._starts[rows.stop]]
        return self._places[ranges(self._starts[rows], self._starts[rows + 1])]


def _spellings(texts: pl.Series, start: int) -> pl.DataFrame:
    """What stands between spaces in some texts, each spelling once, with the places it is in."""
    place = pl.int_range(start, start + pl.len(), dtype=pl.Int32).alias("place")
    return (
        pl.LazyFrame({"text": texts})
        .select(place, pl.col("text").str.split(" "))
        .explode("text")
        .filter(pl.col("text") != "")
        .group_by("text")
        .agg("place")
        .collect()
    )


def ranges(starts: NDArray[np.integer[Any]], ends: NDArray[np.integer[Any]]) -> Rows:
    """All numbers from each start to before its end, one range after the other.

    Examples
    --------
    >>> ranges(np.array([3, 9]), np.array([5, 10])).tolist()
    [3, 4, 9]
    """
    lengths = ends - starts
    before = np.cumsum(lengths) - lengths
    return np.asarray(np.arange(lengths.sum()) + np.repeat(starts - before, lengths))


def query_words(folded: str, most: int) -> list[str]:
    """The words of a folded query: its runs of letters and digits; signs where there is no other.

    Examples
    --------
    >>> query_words("ac/dc - t.n.t.", 12)
    ['ac', 'dc', 't', 'n']
    >>> query_words("!!! !!!", 12)
    ['!!!']
    """
    cleaned = "".join(one if one.isalnum() else " " for one in folded)
    return list(dict.fromkeys(cleaned.split() or folded.split()))[:most]
