"""Search against a plain scan that compares every word of every song."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from recsys_dagster.recommend import words
from recsys_dagster.recommend.near_words import allowed_edits
from recsys_dagster.recommend.search import (
    INSIDE,
    LEAST_INSIDE,
    MISTAKE,
    MOST_NEAR,
    MOST_WORDS,
    UNFINISHED,
    Search,
)
from recsys_dagster.recommend.words import query_words
from recsys_dagster_tests.tiers import examples

SONGS = [  # folded, the most played first
    ("the beatles", "yesterday"), ("radiohead", "creep"), ("tlc", "creep"),
    ("airbourne", "runnin' wild"), ("air", "playground"), ("radiohaed", "radiohead tribute"),
    ("we were promised jetpacks", "it's thunder and it's lightning"), ("bjork", "army of me"),
    ("ac/dc", "t.n.t."), ("halo", "space"),
    ("radiohead", "karma police"), ("sigur ros", "hoppipolla"), ("the the", "this is the day"),
    ("!!!", "myth takes"), ("p!nk", "so what"), ("初音ミク", "千本桜"), ("creed", "higher"),
    ("beyonce", "halo"), ("godspeed", "east hastings"), ("space", "female of the species"),
    ("radio radio", "galope"), ("motorhead", "ace of spades"), ("", "untitled"),
]  # fmt: skip
SIZE = len(SONGS)


@pytest.fixture(scope="module")
def search() -> Search:
    return made(range(SIZE))


def made(order: Sequence[int]) -> Search:
    texts = pl.Series([f"{artist} {title}" for artist, title in SONGS])
    return Search(texts, pl.Series([title for _, title in SONGS]), np.array(order, np.int32))


def scan(text: str, n: int, order: Sequence[int] = range(SIZE)) -> list[int]:
    """The same by looking at every song."""
    near = [(song, cost) for song in order if (cost := cost_of(song, text, far=False)) is not None]
    if len(near) < n:
        costs = ((song, cost_of(song, text, far=True)) for song in order)
        near = [(song, cost) for song, cost in costs if cost is not None]
    return [song for song, cost in sorted(near, key=lambda one: (one[1], level(one[0], text)))][:n]


def level(song: int, text: str) -> int:
    named = text in SONGS[song]
    return 0 if named else 1 if " ".join(SONGS[song]).startswith(text) or (
        SONGS[song][1].startswith(text)) else 2  # fmt: skip


def cost_of(song: int, text: str, *, far: bool) -> int | None:
    wanted = query_words(text, MOST_WORDS)
    longest = sorted(wanted, key=len, reverse=True)[:MOST_NEAR]
    theirs = [one for part in " ".join(SONGS[song]).split() for one in words_in(part)]
    costs = [
        min((word_cost(word, one, far=far and word in longest) for one in theirs), default=999)
        for word in wanted
    ]
    return sum(costs) if max(costs, default=0) < 999 else None


def words_in(part: str) -> set[str]:
    pieces = re.findall(r"[^\W_]+", part)
    return {*pieces, "".join(pieces)} if pieces else {part}


def word_cost(word: str, theirs: str, *, far: bool) -> int:
    if theirs.startswith(word):
        return 0
    if not far:
        return 999
    if word in theirs and (len(word) >= LEAST_INSIDE or not word.isascii()):
        return INSIDE
    most, found = allowed_edits(word), [999]
    if (whole := OSA.distance(word, theirs)) <= most:
        found.append(MISTAKE * whole)
    for length in range(len(word) - most, len(word) + most + 1):
        begun = theirs[:length]
        if most and len(begun) == length and begun[0] + begun[-1] == word[0] + word[-1]:
            edits = OSA.distance(word, begun)
            found += [MISTAKE * edits + UNFINISHED] if edits <= most else []
    return min(found)


WORDS = sorted({word for song in SONGS for word in " ".join(song).split()})
LETTERS = st.sampled_from("abcdehoprstiz'!桜 ")


@st.composite
def misspelled(draw: st.DrawFn) -> str:
    """Some words that songs have, each cut short, with letters changed, added or left out."""
    drawn = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    for place, word in enumerate(drawn):
        start = draw(st.integers(0, len(word)))
        end = draw(st.integers(start, min(len(word), start + 2)))
        kept = word[:start] + draw(st.sampled_from(["", "", word[start:end]])) + word[end:]
        drawn[place] = kept[:start] + draw(st.sampled_from(["", draw(LETTERS)])) + kept[start:]
    return " ".join(" ".join(drawn).split())


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(text=misspelled(), n=st.integers(1, 8))
def test_the_index_finds_what_a_scan_finds(search: Search, text: str, n: int) -> None:
    if text:
        assert search.find(text, n).tolist() == scan(text, n)


@pytest.mark.parametrize("text", [
    "air",  # what is named so stands above what is played more
    "radiohexd",  # of two words of a song the nearer one counts
    "we were it s and lightnng",  # of many words the longest may be misspelt
])  # fmt: skip
def test_what_chance_would_rarely_try(search: Search, text: str) -> None:
    for n in (1, 3, 8):
        assert search.find(text, n).tolist() == scan(text, n) != []


@given(text=st.text(alphabet=LETTERS, max_size=200))
def test_also_for_texts_that_no_song_has(search: Search, text: str) -> None:
    text = " ".join(text.split())
    if text:
        assert search.find(text, 5).tolist() == scan(text, 5)


@pytest.mark.slow
@given(order=st.permutations(range(SIZE)), cut=st.integers(0, SIZE))
def test_only_what_may_be_found_is_found_in_its_order(order: list[int], cut: int) -> None:
    order = order[:cut]
    for text in ("creep", "radiohead", "a", "halo", "spaec", "千本"):
        assert made(order).find(text, 5).tolist() == scan(text, 5, order)


@pytest.mark.parametrize(("text", "first"), [
    ("radiohed crep", "radiohead creep"), ("creep radiohead", "radiohead creep"),
    ("karma pol", "radiohead karma police"), ("raidohead kar", "radiohead karma police"),
    ("radoihead", "radiohead creep"), ("acdc", "ac/dc t.n.t."), ("ac dc tnt", "ac/dc t.n.t."),
    ("pink", "p!nk so what"), ("hastings", "godspeed east hastings"), ("本桜", "初音ミク 千本桜"),
    ("ppipol", "sigur ros hoppipolla"), ("!!!", "!!! myth takes"), ("radiohead - creep",
    "radiohead creep"), ("air", "air playground"), ("the the", "the the this is the day"),
    ("mororhea", "motorhead ace of spades"), ("radio head creep", "radiohead creep"),
])  # fmt: skip
def test_what_people_type(search: Search, text: str, first: str) -> None:
    assert " ".join(SONGS[search.find(text, 3)[0]]) == first


def test_what_is_spelled_right_is_never_behind_what_is_not(search: Search) -> None:
    found = [" ".join(SONGS[one]) for one in search.find("creed", 3)]
    assert found == ["creed higher", "radiohead creep", "tlc creep"]


@pytest.mark.parametrize(("text", "first"), [
    ("radiohead creep official video", "radiohead creep"), ("crep by radiohed", "radiohead creep"),
    ("sigur ros - hopipola live", "sigur ros hoppipolla"),
])  # fmt: skip
def test_the_nearest_need_not_have_every_word(search: Search, text: str, first: str) -> None:
    assert not len(search.find(text, 3))
    assert " ".join(SONGS[search.nearest(text, 3)[0]]) == first


def test_texts_are_cut_into_words_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "_PART", 4)
    for text in ("creep", "radiohed", "a", "the"):
        assert made(range(SIZE)).find(text, 5).tolist() == scan(text, 5)


def test_there_is_a_search_without_songs() -> None:
    nothing = made([])
    assert nothing.find("creep", 3).tolist() == nothing.nearest("creep", 3).tolist() == []
