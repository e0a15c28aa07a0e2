import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.audio.sources.reccobeats_client import Track
from recsys_dagster.audio.sources.reccobeats_matching import (
    MOST_CANDIDATES,
    Keys,
    candidates,
    comparable,
    may_be,
)
from recsys_dagster.identity import SEPARATOR, key_of


def score(song: tuple[str, str], title: str, *artists: str) -> float:
    """How well a track is a song; 0 for not at all."""
    artist_key, _, title_key = key_of(*song).partition(SEPARATOR)
    tracks = [Track("1", title, list(artists))]
    found = candidates(artist_key, title_key, tracks, Keys.of(tracks))
    # What is thrown away before it is kept must be no match.
    assert not found or may_be(title_key, title)
    return found[0][1] if found else 0.0


@pytest.mark.parametrize(
    ("song", "title", "artists"),
    [
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
        (("A", "Song - Live"), "Song (Live)", ["A"]),
        (("Кино", "Звезда по имени Солнце"), "звезда по имени солнце", ["КИНО"]),
        (("!!!", "???"), "???", ["!!!"]),
        (("The The", "This Is the Day"), "This Is The Day", ["The The"]),
    ],
)
def test_the_same(song: tuple[str, str], title: str, artists: list[str]) -> None:
    assert score(song, title, *artists) > 0.8


@pytest.mark.parametrize(
    ("song", "title", "artists"),
    [
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
    ],
)
def test_another(song: tuple[str, str], title: str, artists: list[str]) -> None:
    assert score(song, title, *artists) == 0


def test_the_better_spelled_comes_first_and_the_order_of_the_answer_is_nothing() -> None:
    tracks = [
        Track("5", "Song (Live)", ["A"]), Track("4", "Song - Live", ["A"]),
        Track("3", "Song - Live", ["A"]), Track("2", "Song - Live", ["B"]),
        Track("6", "Song - Live", ["A"]),
    ]  # fmt: skip
    keys = Keys.of(tracks)
    found = candidates("a", "song - live", tracks, keys)
    assert [one for one, _ in found] == ["3", "4", "6"]
    assert len(found) == MOST_CANDIDATES
    assert candidates("a", "song - live", tracks[::-1], keys) == found


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_song_is_itself(artist: str, title: str) -> None:
    assert score((artist, title), title, artist) == 1


@given(st.text())
def test_what_is_compared_is_stable(text: str) -> None:
    assert comparable(comparable(text)) == comparable(text)
