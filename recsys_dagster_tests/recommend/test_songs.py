import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend import Song
from recsys_dagster.recommend.songs import SongTable, add_search_columns
from recsys_dagster_tests.worlds import with_keys

SONGS = [
    ("Radiohead", "Creep", 50),
    ("TLC", "Creep", 90),
    ("Sigur Rós", "Hoppípolla", 20),
    ("Jay-Z", "99 Problems", 30),
    ("Godspeed - You", "East - Hastings", 5),
    ("AC/DC", "T.N.T. (Live)", 40),
    ("Beyoncé", "Halo", 60),
    ("Halo", "Space", 10),
    ("Forgotten", "Halo", 0),
    ("Blur", "Song 2", 70),
    ("Blur", "Song 2 (Remix)", 80),
    ("The The", "This Is the Day", 15),
    ("Mr. [Regex]", "a.*b+c?", 4),
    ("Robert'); DROP TABLE songs;--", 'Quote " Me', 3),
    ("Simon & Garfunkel", "The Sound of Silence - Remastered", 25),
    ("初音ミク", "千本桜 🎉", 6),
    ("Space Halo", "Orbit", 12),
]


def songs_of(named: list[tuple[str, str, int]]) -> pl.DataFrame:
    artists, titles, plays = zip(*named, strict=True)
    return pl.DataFrame(
        {
            "song_id": range(len(named)), "artist": artists, "title": titles, "plays": plays,
            "listeners": [1] * len(named), "spotify_id": [None] * len(named),
            "spotify_ids": [[]] * len(named),
            "batch": [0] * len(named),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def table() -> SongTable:
    return SongTable(add_search_columns(with_keys(songs_of(SONGS))), np.zeros(len(SONGS), bool))


def named(songs: list[Song]) -> list[tuple[str, str]]:
    return [(song.artist, song.title) for song in songs]


@pytest.mark.parametrize(("query", "song"), [
    ("Radiohead - Creep", 0), ("radiohead - CREEP", 0), ("  Radiohead   -  Creep ", 0),
    ("Radiohead – Creep", 0), ("Radiohead — Creep", 0), ("Radiohead ‐ Creep", 0),
    ("Radiohead\u00a0-\u00a0Creep", 0), ("Radiohead\t−\tCreep\n", 0), ("Radiohead\n-\nCreep", 0),
    ("TLC - Creep", 1), ("Jay‐Z - 99 Problems", 3), ("JAY-Z - 99 PROBLEMS", 3),
    ("Godspeed - You - East - Hastings", 4), ("AC/DC - T.N.T. (live)", 5),
    ("Radiohead - Creep (feat. Nobody)", 0), ("Radiohead feat. X - Creep - Remastered 2009", 0),
    ("Simon & Garfunkel - The Sound Of Silence", 14), ("Blur - Song 2", 9),
    ("Blur - Song 2 (Remix)", 10), ("Mr. [Regex] - a.*b+c?", 12),
    ("Robert'); DROP TABLE songs;-- - Quote \" Me", 13), ("初音ミク - 千本桜 🎉", 15),
    ("Robert’); DROP TABLE songs;-- - Quote “ Me", 13),
])  # fmt: skip
def test_artist_and_title_in_any_spelling(table: SongTable, query: str, song: int) -> None:
    seed = table.resolve(query)
    assert seed.matched
    assert seed.song == table.song(song)
    assert seed.query == query.strip()


@pytest.mark.parametrize(("query", "song"), [
    ("creep", 1), ("Halo", 6), ("song 2", 9), ("East - Hastings", 4), ("east – hastings", 4),
    ("99 problems", 3), ("Creep - Remastered 2009", 1),
])  # fmt: skip
def test_a_title_alone_is_the_most_played_song_of_that_title(
    table: SongTable, query: str, song: int
) -> None:
    assert table.resolve(query).song == table.song(song)


def test_a_song_that_nobody_plays_is_not_found(table: SongTable) -> None:
    seed = table.resolve("Forgotten - Halo")
    assert not seed.matched
    assert "Forgotten" not in {song.artist for song in table.search("halo", 50)}
    assert table.song(8).title == "Halo"


@pytest.mark.parametrize(("query", "near"), [
    ("Radiohed - Creap", "Radiohead - Creep"), ("Sigur Ros - Hoppipola", "Sigur Rós - Hoppípolla"),
    ("Beyonce - Hallo", "Beyoncé - Halo"), ("blur song 3", "Blur - Song 2"),
])  # fmt: skip
def test_without_a_match_the_nearest_songs_are_suggested(
    table: SongTable, query: str, near: str
) -> None:
    seed = table.resolve(query)
    assert not seed.matched
    assert seed.to_dict()["suggestions"][0] == near
    assert set(seed.to_dict()) == {"query", "matched", "suggestions"}


@pytest.mark.parametrize("query", ["", " ", "\n\t", "\u3000"])
def test_an_empty_query_is_said_in_words(table: SongTable, query: str) -> None:
    with pytest.raises(RecsysError, match="Artist - Title"):
        table.resolve(query)


HOSTILE = [
    "🎉", "💥 - 💥", "'; DROP TABLE songs; --", '"', "\\", "%s%n{}", "(", "[a-", ".*", "(?P<x>",
    "$1", "-", " - ", "- - -", " - Creep", "Creep - ", "x" * 100_000, " - " * 50_000, "\0",
    "\x1b[31m", "a\0b - c", "\ud800", "Blur - \udcff", "\u200b", "\u0301", "\u202e",
    "e" + "\u0301" * 5000,
    "feat. feat. feat.", "(remastered)", "İ", "ﬀ" * 900, "\r\n", "a " * 500, "../../etc/passwd",
    "\ufeff", "(" * 1000, "[(" * 500, "feat. (" * 150,
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_finds_nothing_and_breaks_nothing(table: SongTable, text: str) -> None:
    assert len(table.search(text)) <= 10
    if not text.strip():
        with pytest.raises(RecsysError):
            table.resolve(text)
        return
    seed = table.resolve(text)
    assert not seed.matched
    assert len(seed.query) <= 1000
    assert seed.query.encode("utf-8")


@given(text=st.text(max_size=60))
def test_any_text_can_be_asked_for(table: SongTable, text: str) -> None:
    assert len(table.search(text, 5)) <= 5
    if text.strip():
        table.resolve(text)


@pytest.mark.parametrize("text", ["sigur ros hoppipolla", "SIGUR RÓS", "hoppípolla", "Ros  sigur"])
def test_case_accents_and_order_do_not_matter(table: SongTable, text: str) -> None:
    assert named(table.search(text)) == [("Sigur Rós", "Hoppípolla")]


@pytest.mark.parametrize(("text", "hits"), [(".*", 0), ("a.*b+c?", 1), ("[", 0), ("a.b", 1),
                                            ("^b", 1), ("t.n.t.", 1), ("txn", 0)])  # fmt: skip
def test_regex_characters_are_themselves(table: SongTable, text: str, hits: int) -> None:
    assert len(table.search(text, 1)) == hits


def test_order_of_a_search(table: SongTable) -> None:
    # The title itself, then a beginning of title or artist, then the rest; the most played first.
    assert named(table.search("halo")) == [
        ("Beyoncé", "Halo"), ("Halo", "Space"), ("Space Halo", "Orbit"),
    ]  # fmt: skip
    assert named(table.search("song 2")) == [("Blur", "Song 2"), ("Blur", "Song 2 (Remix)")]
    assert named(table.search("space")) == [("Halo", "Space"), ("Space Halo", "Orbit")]


def test_an_empty_search_gives_the_most_played(table: SongTable) -> None:
    plays = [song.plays for song in table.search("", 50)]
    assert plays == sorted((one for *_, one in SONGS if one), reverse=True)
    assert [song.song_id for song in table.search("  ", 2)] == [1, 10]
    assert len(table.search("")) == 10


def test_the_songs_of_an_artist_are_those_whose_key_begins_so(table: SongTable) -> None:
    """Also those that nobody plays; never those of an artist whose name goes on."""
    for artist, *_ in SONGS:
        expected = [song for song, (one, *_) in enumerate(SONGS) if one == artist]
        assert table.by_artist(artist.upper()).tolist() == expected
    assert [table.by_artist(one).tolist() for one in ("Ha", "Halo Halo", "~", "!")] == [[]] * 4


def test_a_release_of_the_first_version_has_no_orders() -> None:
    rows = with_keys(songs_of(SONGS))
    whole = add_search_columns(rows)
    older = whole.drop("by_plays", "by_key", "by_title")
    one, two = (SongTable(table, np.zeros(len(SONGS), bool)) for table in (whole, older))
    for text in ("Radiohead - Creep", "halo", "Blur - Song 2", "nothing"):
        assert one.resolve(text) == two.resolve(text)


@pytest.mark.parametrize("n", [0, -1, -100])
def test_no_songs_asked_for_are_no_songs(table: SongTable, n: int) -> None:
    assert table.search("halo", n) == table.search("", n) == []


@pytest.mark.parametrize("song_id", [-1, len(SONGS), 10**12])
def test_an_unknown_id_is_said_in_words(table: SongTable, song_id: int) -> None:
    with pytest.raises(RecsysError, match=f"no song {song_id} .* 0 to {len(SONGS) - 1}"):
        table.song(song_id)
