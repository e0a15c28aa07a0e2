import csv
import io
import json
import unicodedata
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.recommend import Recommendation
from recsys_dagster.recommend.exporting import FORMATS, listen_links
from recsys_dagster.recommend.exporting.table import COLUMNS, harmless
from recsys_dagster_tests.tiers import examples

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", 'a "b", c', "a\r\nb", "'", "\0", "\u2028#x"]
)
IDS = st.none() | st.from_regex(r"[0-9A-Za-z]{22}", fullmatch=True)


@st.composite
def lists(draw: st.DrawFn) -> list[Recommendation]:
    named = draw(st.lists(st.tuples(TEXTS, TEXTS, IDS), max_size=5))
    return [
        Recommendation(rank, 10 * rank, artist, title, -0.5, ("svd", "knn"), spotify_id=spotify_id)
        for rank, (artist, title, spotify_id) in enumerate(named, 1)
    ]


@pytest.mark.slow
@given(songs=lists())
def test_csv_is_read_back_and_has_no_formula(songs: list[Recommendation]) -> None:
    text = FORMATS["csv"].write(songs)
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert rows[0] == list(COLUMNS)
    assert [row[:4] + row[5:] for row in rows[1:]] == [
        [str(s.rank), harmless(s.artist), harmless(s.title), "svd knn", str(s.song_id)]
        for s in songs
    ]
    assert not any(cell[:1] in {*"=+-@\t\r"} for row in rows for cell in row)


def test_a_harmless_cell_stays_as_it_is() -> None:
    assert [harmless(one) for one in ("=a", "a=", "'a", "")] == ["'=a", "a=", "'a", ""]


@given(songs=lists())
def test_m3u_has_two_lines_a_song(songs: list[Recommendation]) -> None:
    text = FORMATS["m3u"].write(songs)
    first, *lines = text.splitlines()
    assert not any(unicodedata.category(one) == "Cc" for one in text.replace("\n", ""))
    assert first == "#EXTM3U"
    assert len(lines) == 1 + 2 * len(songs)
    assert all(line.startswith("#EXTINF:-1,") for line in lines[1::2])
    assert all(line.startswith("https://open.spotify.com/") for line in lines[2::2])


@given(songs=lists())
def test_jspf_is_as_the_specification_says(songs: list[Recommendation]) -> None:
    playlist = json.loads(FORMATS["jspf"].write(songs))["playlist"]
    assert isinstance(playlist["title"], str)
    tracks = playlist["track"]
    assert [(one["creator"], one["title"]) for one in tracks] == [
        (song.artist, song.title) for song in songs
    ]
    for track, song in zip(tracks, songs, strict=True):
        assert set(track) == {"creator", "title", "identifier" if song.spotify_id else "info"}
        addresses = track.get("identifier") or [track["info"]]
        assert all(isinstance(one, str) and urlsplit(one).scheme == "https" for one in addresses)


@given(songs=lists())
def test_text_has_one_line_a_song(songs: list[Recommendation]) -> None:
    lines = FORMATS["text"].write(songs).splitlines()
    assert [line.split(". ")[0] for line in lines] == [str(song.rank) for song in songs]


@given(artist=TEXTS, title=TEXTS)
def test_a_search_link_holds_the_whole_name(artist: str, title: str) -> None:
    spotify, youtube = listen_links(artist, title)
    words = " ".join(f"{artist} {title}".split())
    assert unquote(urlsplit(spotify.address).path.removeprefix("/search/")) == words
    assert parse_qs(urlsplit(youtube.address).query).get("q", [""]) == [words]
    assert not urlsplit(spotify.address).query + urlsplit(spotify.address).fragment
    assert spotify.address.count("/") == 4


@pytest.mark.parametrize(("spotify_id", "exact"), [
    ("4uLU6hMCjMI75M1A2tKUQC", True), (None, False), ("../../evil", False), ("", False),
])  # fmt: skip
def test_only_a_real_id_leads_to_the_song(spotify_id: str | None, exact: bool) -> None:
    link, elsewhere = listen_links("A", "B", spotify_id)
    assert (link.exact, elsewhere.exact) == (exact, False)
    assert (link.address == f"https://open.spotify.com/track/{spotify_id}") == exact


@settings(max_examples=examples(20))
@given(songs=lists())
def test_a_csv_row_leads_to_the_song_itself_where_it_can(songs: list[Recommendation]) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].write(songs), newline="")))
    assert [row["listen"] for row in rows] == [
        listen_links(song.artist, song.title, song.spotify_id)[0].address for song in songs
    ]


def test_a_search_for_a_name_without_end_has_an_end() -> None:
    spotify, youtube = listen_links("x" * 300, "y")
    assert len(urlsplit(spotify.address).path) == len("/search/") + 200
    assert len(parse_qs(urlsplit(youtube.address).query)["q"][0]) == 200
