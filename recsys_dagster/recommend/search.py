"""Search: the songs that a text means, whatever its accents, order, case and spelling mistakes.

A text is looked for word by word. A song is found if it has every word, and it costs most where
it has one that is only spelled alike:

    0   a word of the song begins with the word of the text
    1   the word stands inside a word of the song
    16  for each mistake; 4 more if only the beginning of a word of the song is like it

Of equal cost, songs whose title or artist is the text come first, then those whose title or
artist begins with it, then those that are played most. What costs more is looked for only where
what costs less does not fill the list.
"""

from collections.abc import Iterator
from functools import cached_property
from threading import Lock
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from recsys_dagster.recommend.beginnings import Beginnings
from recsys_dagster.recommend.near_words import NearWords, allowed_edits
from recsys_dagster.recommend.words import Rows, WordIndex, query_words

MOST_WORDS = 12
"""Words of a text that are looked for …"""
MOST_NEAR = 5
"""… and so many of them, the longest, also where a song has them only nearly."""
INSIDE, MISTAKE, UNFINISHED = 1, 16, 4
LEAST_INSIDE = 3
"""Letters of a word that is also looked for inside others; any number where it is not ASCII."""
_NEVER = 255
_NEAREST_AMONG = 500
_LEAST_ALIKE = 60.0
_LONG = 20
_MOST_WORTH = np.uint16(4 * _LONG * MOST_WORDS)

Ids = NDArray[np.int32]


class _Index(NamedTuple):
    words: WordIndex
    near: NearWords
    beginnings: Beginnings


class Search:
    """Finds songs by text.

    The index is made when it is first asked for, which takes about a second for a million songs.

    Parameters
    ----------
    texts
        Artist, a space and title of each song, folded.
    titles
        Title of each song, folded.
    order
        The songs that may be found, from the most to the least played.
    """

    def __init__(self, texts: pl.Series, titles: pl.Series, order: Ids) -> None:
        self._texts, self._titles, self._order = texts, titles, order
        self._making = Lock()

    def find(self, folded: str, n: int) -> Ids:
        """The `n` songs that a folded text means, best first; fewer where there are no more."""
        words = query_words(folded, MOST_WORDS)
        costs, places = self._having_all(words, far=False)
        if len(places) < n:
            costs, places = self._having_all(words, far=True)
        songs = self._order[places]
        order = np.argsort(3 * costs + self._index.beginnings.levels(folded, songs), kind="stable")
        return songs[order[:n]]

    def nearest(self, folded: str, n: int) -> Ids:
        """The `n` songs spelled most like a folded text, of those that have most of its words."""
        value = np.zeros(len(self._order), np.uint16)
        words = query_words(folded, MOST_WORDS)
        for word in words:
            value += _worth(word)[self._costs(word, far=word in _longest(words))]
        best = np.argsort(_MOST_WORTH - value, kind="stable")[:_NEAREST_AMONG]
        songs = self._order[best[value[best] > 0]]
        found = process.extract(
            folded.replace(" - ", " "), self._texts.gather(songs).to_list(),
            scorer=fuzz.token_sort_ratio, limit=n, score_cutoff=_LEAST_ALIKE,
        )  # fmt: skip
        return songs[[place for _, _, place in found]]

    def _having_all(self, words: list[str], *, far: bool) -> tuple[NDArray[np.uint16], Rows]:
        """What the songs that have all words cost, and their places, the most played first."""
        total = np.zeros(len(self._order), np.uint16)
        having = np.ones(len(self._order), bool)
        longest = _longest(words)
        for word in words:
            costs = self._costs(word, far=far and word in longest)
            having &= costs != _NEVER
            if not having.any():
                break
            total += costs
        places = np.flatnonzero(having)
        return total[places], places

    def _costs(self, word: str, *, far: bool) -> NDArray[np.uint8]:
        """What a word costs in each song, 255 where it is not found."""
        index = self._index.words
        costs = np.full(len(self._order), _NEVER, np.uint8)
        if far:
            for cost, rows in self._far(word):
                costs[index.places(rows)] = cost
        costs[index.places(index.beginning(word))] = 0
        return costs

    def _far(self, word: str) -> Iterator[tuple[int, Rows]]:
        """The words that no word begins but that are like it, with their costs, dearest first."""
        index, near, _ = self._index
        if most := allowed_edits(word):
            whole = near.whole(word)
            begun = near.beginning(word, index.beginning(word[0]))
            for number in range(most, 0, -1):
                for (rows, edits), more in ((begun, UNFINISHED), (whole, 0)):
                    yield MISTAKE * number + more, rows[edits == number]
        if len(word) >= LEAST_INSIDE or not word.isascii():
            yield INSIDE, near.inside(word)

    @property
    def _index(self) -> _Index:
        with self._making:  # two listeners who type at once wait for the same index
            return self._made

    @cached_property
    def _made(self) -> _Index:
        words = WordIndex(self._texts.gather(self._order))
        return _Index(words, NearWords(words.words), Beginnings(self._texts, self._titles))


def _longest(words: list[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)[:MOST_NEAR]


def _worth(word: str) -> NDArray[np.uint16]:
    """What a song gains by a word, by what the word costs in it, (256,): most for a long one."""
    worth = np.maximum(4 * min(len(word), _LONG) - np.arange(256) // 4, 1)
    worth[_NEVER] = 0
    return worth.astype(np.uint16)
