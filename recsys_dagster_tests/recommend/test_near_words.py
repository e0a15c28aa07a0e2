"""Near words by bits of letters are those that comparing every pair finds."""

from collections.abc import Iterable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from recsys_dagster.recommend.near_words import NearWords, allowed_edits

_WORD = st.text("abnoß1-ツ", min_size=1, max_size=11)
_WORDS = st.lists(_WORD, min_size=1, max_size=12, unique=True).map(sorted)


@pytest.mark.parametrize(
    ("length", "edits"), [(1, 0), (3, 0), (4, 1), (7, 1), (8, 2), (9, 2), (40, 2)]
)
def test_longer_words_may_have_more_mistakes(length: int, edits: int) -> None:
    assert allowed_edits("a" * length) == edits


@given(words=_WORDS, word=_WORD)
def test_words_that_hold_a_word(words: list[str], word: str) -> None:
    found = NearWords(words).inside(word)
    assert [words[row] for row in found] == [text for text in words if word in text]


@given(words=_WORDS, word=_WORD)
@example(words=["abababab", "abababba", "bb"], word="babababa")
@example(words=["abcdefxy", "bnbnbnbn"], word="abcdefgh")
@example(words=["nananana-b"], word="nananana")
@example(words=["aßaßaßaß"], word="aoaoaoao")
def test_whole_words_with_few_mistakes(words: list[str], word: str) -> None:
    rows, edits = NearWords(words).whole(word)
    most = allowed_edits(word)
    apart = [OSA.distance(word, text) for text in words]
    near = {row: distance for row, distance in enumerate(apart) if distance <= most}
    assert dict(zip(rows.tolist(), edits.tolist(), strict=True)) == near


@given(words=_WORDS, word=_WORD)
@example(words=["banonoabab", "banonoba", "bao"], word="banonoab")
@example(words=["nananana-nananana"], word="nanananana")
def test_beginnings_with_few_mistakes(words: list[str], word: str) -> None:
    """Of any length that so many mistakes leave, with the same last letter."""
    half = len(words) // 2
    rows, edits = NearWords(words).beginning(word, slice(half, len(words)))
    most = allowed_edits(word)
    lengths = range(len(word) - most, len(word) + most + 1)
    pieces = [
        (row, OSA.distance(word, words[row][:length]))
        for row in range(half, len(words))
        for length in lengths
        if words[row][length - 1 : length] == word[-1]
    ]
    near = [(row, distance) for row, distance in pieces if distance <= most]
    assert _least(zip(rows.tolist(), edits.tolist(), strict=True)) == _least(near)


def _least(found: Iterable[tuple[int, int]]) -> dict[int, int]:
    """The fewest mistakes by row."""
    fewest: dict[int, int] = {}
    for row, distance in found:
        fewest[row] = min(distance, fewest.get(row, distance))
    return fewest
