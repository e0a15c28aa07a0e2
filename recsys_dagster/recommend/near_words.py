"""Words that hold another, or are spelled nearly like it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

Rows = NDArray[np.int64]
Edits = NDArray[np.uint8]

_ONE_FROM, _TWO_FROM = 4, 8
_OTHER_SIGN, _NOT_ASCII = 62, 63


def allowed_edits(word: str) -> int:
    """How many mistakes a word of that length may have: 1 from 4 letters, 2 from 8."""
    return (len(word) >= _ONE_FROM) + (len(word) >= _TWO_FROM)


class NearWords:
    """Finds words by optimal string alignment: letters added, left out, changed or swapped.

    Which letters words have is kept as bits, 64 a word. A mistake changes two bits at most, so
    that few words are left to compare letter by letter.

    Parameters
    ----------
    words
        In alphabetical order, none of them empty.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = words
        self._lengths = np.fromiter(map(len, words), np.int32, len(words))
        self._letters = letters(words)

    def inside(self, word: str) -> Rows:
        """The rows of the words in which a word stands."""
        rows = np.flatnonzero(~self._letters & letters([word]) == 0)
        found = np.array([word in text for text in self._texts(rows)], bool)
        return np.asarray(rows[found])

    def whole(self, word: str) -> tuple[Rows, Edits]:
        """The rows of the words with few enough mistakes, and how many."""
        most = allowed_edits(word)
        rows = np.flatnonzero(np.abs(self._lengths - len(word)) <= most)
        apart = np.bitwise_count(self._letters[rows] ^ letters([word]))
        rows = rows[apart <= 2 * most]
        return _near(word, rows, self._texts(rows), most)

    def beginning(self, word: str, among: slice) -> tuple[Rows, Edits]:
        """The same for the beginnings of some words, for a word that is still being typed.

        The first letter and the last one are taken to be right.
        """
        most = allowed_edits(word)
        missing = np.bitwise_count(~self._letters[among] & letters([word]))
        rows = among.start + np.flatnonzero(missing <= most)
        shortest, longest, last = len(word) - most, len(word) + most, word[-1]
        likely = [
            (row, text)
            for row, text in zip(rows.tolist(), self._texts(rows), strict=True)
            if last in text[shortest - 1 : longest]
        ]
        found = [
            (row, text[:length])
            for length in range(shortest, longest + 1)
            for row, text in likely
            if text[length - 1 : length] == last
        ]
        texts = [text for _, text in found]
        return _near(word, np.array([row for row, _ in found], np.int64), texts, most)

    def _texts(self, rows: Rows) -> list[str]:
        return [self._words[row] for row in rows.tolist()]


def _near(word: str, rows: Rows, texts: Sequence[str], most: int) -> tuple[Rows, Edits]:
    """Those of some rows whose texts are near."""
    edits = process.cdist([word], texts, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8)[0]
    return rows[edits <= most], edits[edits <= most]


def letters(words: Sequence[str]) -> NDArray[np.uint64]:
    """Which letters each word has, (n,): a bit for each of a-z and 0-9, two for all others."""
    if not words:
        return np.empty(0, np.uint64)
    coded = [word.encode() for word in words]
    ends = np.cumsum(np.fromiter(map(len, coded), np.int64, len(coded)))
    bits = _BITS[np.frombuffer(b"".join(coded), np.uint8)]
    return np.bitwise_or.reduceat(bits, np.append(0, ends[:-1]))


def _bits() -> NDArray[np.uint64]:
    """The bit of each byte: what has several bytes is one letter, and so has one bit."""
    place = np.full(256, _OTHER_SIGN, np.uint64)
    place[128:] = _NOT_ASCII
    for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz0123456789"):
        place[ord(letter)] = number
    return np.left_shift(np.uint64(1), place)


_BITS = _bits()
