import math
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from recsys_dagster.recommend.answer import (
    AudioAgreement,
    Because,
    Recommendation,
    SeedShare,
    Song,
)
from recsys_dagster.recommend.methods import METHODS, PARTS
from streamlit_app.parts import controls, covers, ids, packs, radar, results, why, words

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("Plain Song", "Plain Song"),
        ("a*b_c", r"a\*b\_c"),
        ("<b>", r"\<b\>"),
        ("$x$", r"\$x\$"),
        (":smile:", "\\:\u2060smile\\:"),
        ("a -> b", "a \\-\u2060\\> b"),
        ("www.x.org", "www\u2060\\.x\\.org"),
        ("# no\n\nheading", r"\# no heading"),
    ],
)
def test_plain_escapes_what_markdown_would_read(text: str, escaped: str) -> None:
    assert words.plain(text) == escaped


def test_plain_keeps_the_letters_of_every_script() -> None:
    for text in ("Sigur Rós", "東京事変", "Ленинград", "🎵"):
        assert words.plain(text) == text


def test_a_title_of_any_length_stays_short() -> None:
    assert len(words.plain("x" * 10_000)) == words.LONGEST


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=400), "400 days ago"),
        (timedelta(seconds=-90), "just now"),
    ],
)
def test_age(passed: timedelta, said: str) -> None:
    assert words.age(NOW - passed, NOW) == said


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("tempo", 120.4, "120 BPM"),
        ("loudness", -7.25, "-7.2 dB"),
        ("duration_ms", 185_000.0, "3:05 min"),
        ("key", 1.0, "C♯"),
        ("mode", 1.0, "major"),
        ("time_signature", 4.0, "4/4"),
        ("energy", 0.715, "72%"),
    ],
)
def test_features_in_their_own_unit(feature: str, value: float, said: str) -> None:
    assert words.feature_value(feature, value) == said


def test_every_method_is_explained() -> None:
    labels = [words.method(name).label for name in METHODS]
    assert len(set(labels)) == len(labels)
    assert all(words.method(name).explained.endswith(".") for name in METHODS)
    badges = [words.badge(name) for name in PARTS]
    assert len(set(badges)) == len(badges)
    assert words.badge("later") == ":gray-badge[:material/label: later]"


def test_the_match_is_relative_to_the_best() -> None:
    assert results.match(0.45, 0.9) == pytest.approx(0.5)
    assert results.match(2.0, 1.0) == 1.0
    assert results.match(-0.1, 0.9) == 0.0
    assert results.match(-0.2, -0.1) == 0.0
    assert results.match(math.nan, 0.9) == 0.0


def test_the_profile_is_the_mean_of_what_is_known() -> None:
    songs = [
        {"energy": 0.2, "tempo": 60.0, "loudness": None},
        {"energy": 0.6, "tempo": 200.0, "loudness": None},
        {"energy": None, "tempo": math.nan},
    ]
    assert radar.profile(songs) == pytest.approx({"energy": 0.4, "tempo": 0.5})


def test_the_profile_stays_in_its_frame() -> None:
    assert radar.profile([{"tempo": 300.0, "loudness": -60.0}]) == {"tempo": 1.0, "loudness": 0.0}


def test_the_radar_is_described_in_words() -> None:
    said = radar.describe(
        ["energy", "tempo"], {"energy": 0.5, "tempo": 0.1}, {"energy": 0.6, "tempo": 0.2}
    )
    assert said.endswith("energy 50% and 60% and tempo 10% and 20%.")


def test_ids_in_an_address() -> None:
    assert ids.parse("12,77", 5) == ([12, 77], 0)
    assert ids.parse("12,x,12", 5) == ([12], 1)
    assert ids.parse("1,2,3", 2) == ([1, 2], 1)
    assert ids.parse("", 5) == ([], 0)


def test_settings_that_cannot_be_are_named() -> None:
    good = {"energy": "Livelier", "popularity": "Deep cuts", "method": "KNN", "n": "20",
            "diversity": "0.3", "per_artist": "2", "songs": "x", "other": "y"}  # fmt: skip
    assert controls.misread(good) == []
    bad = {"energy": "7", "popularity": "deep", "method": "", "n": "51", "diversity": "nan",
           "per_artist": "0", "tempo": "9" * 10_000}  # fmt: skip
    assert sorted(controls.misread(bad)) == sorted(bad)


def test_a_cover_is_a_picture_of_the_names_alone() -> None:
    one, same, other = (covers.cover("A", title, 48) for title in ("T", "T", "<script>&"))
    assert one == same != other
    for made in (one, other, covers.cover("\ud800", "", 48)):
        assert ElementTree.fromstring(made).tag.endswith("svg")  # noqa: S314
        assert "script" not in made


def test_a_cover_says_what_it_is_where_it_is_asked_to() -> None:
    silent, said = (covers.picture("A", "](x) $y$", 48, described=one) for one in (False, True))
    assert silent.startswith("![](data:image/svg+xml;base64,")
    assert said.startswith(f"![{words.plain('A made-up cover for ](x) $y$')}](data:")


def songs_by(*artists: str) -> list[Song]:
    return [Song(n, artist, f"T{n}", 100 - n, 1, True) for n, artist in enumerate(artists)]


def test_packs_are_made_of_the_most_played_and_of_how_they_sound() -> None:
    known = songs_by("A", "A", "B", "C", "A", "D", "B", "B")
    audio = [{"energy": n / 10, "valence": None, "danceability": 0.5} for n in range(8)]
    made = {pack.name: [song.song_id for song in pack.songs] for pack in packs.make(known, audio)}
    assert made == {
        "Played most": [0, 2, 3],
        "High energy": [7, 5, 4],
        "Calm": [0, 2, 3],
        "Danceable": [0, 2, 3],
        "A": [0, 1, 4],
        "B": [2, 6, 7],
    }


def test_there_are_no_packs_of_too_few_songs() -> None:
    assert packs.make(songs_by("A", "B"), [{}, {}]) == packs.make([], []) == []


def test_why_is_said_in_one_piece() -> None:
    because = Because(
        (SeedShare(1, 0.2), SeedShare(7, 0.8)), (AudioAgreement("tempo", 120.2, 118.7),)
    )
    song = Recommendation(1, 9, "A", "T", 0.5, ("svd",), because)
    said = why.explain(song, {1: Song(1, "a|b", "$x$")}).splitlines()
    assert said[4:6] == [
        "| 80% | :primary[████████] | another song |",
        "| 20% | :primary[██] | " + words.plain("$x$ – a|b") + " |",
    ]
    assert said[-1] == "| tempo | 120 BPM | 119 BPM |"


def test_what_is_popular_was_not_brought_by_songs() -> None:
    song = Recommendation(1, 9, "A", "T", 0.5, ("popular",), Because((SeedShare(1, 1.0),)))
    assert "no say" in why.explain(song, {})
