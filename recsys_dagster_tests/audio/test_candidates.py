"""Which of the tracks that a service lists are a song: one rule for ReccoBeats and Spotify."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.audio.sources.candidates import Candidate, Search, score_listed
from recsys_dagster.audio.sources.reccobeats_client import Track
from recsys_dagster.audio.sources.reccobeats_titles import MOST_CANDIDATES, candidates, may_be
from recsys_dagster.audio.sources.spotify_tracks import choose
from recsys_dagster.identity import SEPARATOR, key_of

SAME = [
    (("Adele", "Hello"), "HELLO", ["adele"]),
    (("Beyoncé", "Halo"), "Halo", ["Beyonce"]),
    (("Sigur Rós", "Hoppípolla"), "Hoppipolla", ["Sigur Ros"]),
    (("Guns N' Roses", "Don\u2019t Cry"), "Don't Cry", ["Guns N\u2019 Roses"]),
    (("Simon & Garfunkel", "America"), "America", ["Simon and Garfunkel"]),
    (("Beatles", "Help!"), "Help! - Remastered 2009", ["The Beatles"]),
    (("A feat. B", "Song"), "Song (feat. B)", ["A", "B"]),
    (("A, B", "Song"), "Song", ["B", "A"]),
    (("A", "Song"), "Song", ["B", "A"]),
    (("Kendrick Lamarr", "Alright"), "Alright", ["Kendrick Lamar"]),
    (("A", "Song - Live at Home"), "Song (Live At Home)", ["A"]),
    (("Coldplay", "Anthem, Pt. 2"), "Anthem (Part II) - Remastered", ["Coldplay"]),
    (("Кино", "Звезда по имени Солнце"), "звезда по имени солнце", ["КИНО"]),
    (("!!!", "???"), "???", ["!!!"]),
    (("The The", "This Is the Day"), "This Is The Day", ["The The"]),
]
OTHER = [
    (("Adele", "Hello"), "Hello", ["Lionel Richie"]),
    (("Adele", "Hello"), "Hello - Live", ["Adele"]),
    (("Adele", "Hello"), "Hello (Karaoke Version)", ["Adele"]),
    (("Adele", "Hello"), "Hello (Instrumental)", ["Adele"]),
    (("Adele", "Hello"), "Hello - X Remix", ["Adele"]),
    (("Adele", "Hello - Live"), "Hello", ["Adele"]),
    (("Adele", "Hello"), "Hello Again", ["Adele"]),
    (("Adele", "Hello"), "Hello", []),
    (("Adele", "Hello"), "Hello", ["Adele Karaoke"]),
    (("Andrea Bocelli & Friends", "Ave"), "Ave", ["Andrea Bocelli & Friends Live"]),
    (("Queen", "Home"), "Home", ["Queens"]),
    (("Prince", "Home"), "Home", ["Princess"]),
    (("DJ Snake", "Home"), "Home", ["DJ Shake"]),
    (("Symphony Collective 2", "Home"), "Home", ["Symphony Collective 3"]),
    (("Nena", "99"), "100", ["Nena"]),
    (("Lata", "दिल"), "दल", ["Lata"]),
    (("???", "Song"), "Song", ["!!!"]),
    (("A", "?"), "!", ["A"]),
    (("A", "Song - Live"), "Song (Live)", ["A"]),
    (("Traditional", "Auld Lang Syne"), "Auld Lang Syne!", ["Traditional"]),
]


def score(song: tuple[str, str], title: str, *artists: str) -> float:
    """How well a track is a song, by the rule itself and as each service uses it."""
    one = Candidate("1", artists, title)
    (scored,) = score_listed([Search(*song, [one])])
    chosen = choose(*song, [one])
    assert scored == ([chosen] if chosen else [])
    (found,) = candidates([(*song, [Track("1", title, list(artists))])])
    assert found == [(one.track_id, alike) for one, alike in scored]
    return found[0][1] if found else 0.0


def is_kept(song: tuple[str, str], title: str) -> bool:
    """Whether a found title would be kept."""
    return may_be(key_of(*song).partition(SEPARATOR)[2], title)


@pytest.mark.slow
@pytest.mark.parametrize(("song", "title", "artists"), SAME)
def test_the_same(song: tuple[str, str], title: str, artists: list[str]) -> None:
    assert score(song, title, *artists) > 0.8
    assert is_kept(song, title)


@pytest.mark.slow
@pytest.mark.parametrize(("song", "title", "artists"), OTHER)
def test_another(song: tuple[str, str], title: str, artists: list[str]) -> None:
    assert score(song, title, *artists) == 0


@pytest.mark.slow
def test_many_searches_at_once_are_scored_as_each_alone() -> None:
    searches = [
        Search(*song, [Candidate("1", tuple(artists), title)])
        for song, title, artists in SAME + OTHER
    ]
    alone = [scored for search in searches for scored in score_listed([search])]
    assert score_listed(searches) == alone
    assert score_listed([]) == []


def test_the_better_spelled_comes_first_and_the_order_of_the_answer_is_nothing() -> None:
    tracks = [
        Track("5", "Stop Look", ["A"]), Track("4", "Stop, Look", ["A"]),
        Track("3", "Stop, Look", ["A"]), Track("2", "Stop, Look", ["B"]),
        Track("6", "Stop, Look", ["A"]),
    ]  # fmt: skip
    (found,) = candidates([("a", "stop, look", tracks)])
    assert [one for one, _ in found] == ["3", "4", "6"]
    assert len(found) == MOST_CANDIDATES
    assert candidates([("a", "stop, look", tracks[::-1])]) == [found]


def test_spotify_prefers_an_album_that_is_no_concert_and_else_what_it_lists_first() -> None:
    live = Candidate("1", ("A",), "Song", "Live at Home")
    first, second = (Candidate(one, ("A",), "Song", "Album") for one in "23")
    assert choose("A", "Song", [live, first, second]) == (first, 1.0)
    assert choose("A", "Song", [live]) == (live, 1.0)
    assert choose("A", "Song", []) is None


def test_most_of_what_a_search_brings_is_not_kept() -> None:
    assert not may_be("hello", "Hello Again")
    assert not may_be("99", "100")
    assert may_be("you and me", "You & Me")
    assert may_be("hello", "Hello (2009 Remaster)")


@pytest.mark.slow
@given(st.text(min_size=1), st.text(min_size=1))
def test_a_song_is_itself(artist: str, title: str) -> None:
    assert score((artist, title), title, artist) == 1
    assert is_kept((artist, title), title)
