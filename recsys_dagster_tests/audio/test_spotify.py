import subprocess
import sys
from typing import Any

import polars as pl
import pytest
import requests

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources.base import LOOKED_UP
from recsys_dagster.audio.sources.spotify import TERMS
from recsys_dagster_tests.audio.asking_spotify import (
    DAY,
    Clock,
    Make,
    by_id,
    songs,
    statuses,
)
from recsys_dagster_tests.audio.fake_spotify import (
    PREMIUM,
    FakeSpotify,
    Track,
    sound,
    track_id,
)
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

# --- what is found


def test_songs_with_ids_cost_one_request_a_hundred(make: Make, fake: FakeSpotify) -> None:
    many = [Track(number, ["A"], f"{number}", features=sound(number)) for number in range(250)]
    fake.tracks = {track.id: track for track in reversed(many)}
    source = make()
    found = source.look_up(by_id(*range(251)))
    assert found.schema == LOOKED_UP
    assert statuses(found) == ["found"] * 250 + ["no_features"]
    assert found["duration_ms"].to_list()[:250] == [237_040 + number for number in range(250)]
    assert found["score"].to_list() == [1.0] * 251
    assert [len(ids) for ids in fake.features_asked] == [100, 100, 51]
    assert (source.requests, fake.searches) == (4, [])
    assert source.remarks == [TERMS]


def test_all_thirteen_features_come_as_they_are(make: Make) -> None:
    row = make().look_up(by_id(1)).row(0, named=True)
    assert {name: row[name] for name in FEATURES} == {name: sound(1)[name] for name in FEATURES}


def test_impossible_values_are_refused_with_the_reason(make: Make, fake: FakeSpotify) -> None:
    odd = {**sound(7), "energy": 1.7, "tempo": 0, "key": -1, "mode": [1], "valence": "x"}
    fake.tracks[track_id(7)] = Track(7, ["A"], "x", features=odd)
    nothing = dict.fromkeys(sound(8)) | {"id": track_id(8), "energy": True}
    fake.tracks[track_id(8)] = Track(8, ["A"], "y", features=nothing)
    found = make().look_up(by_id(7, 8))
    assert found["energy"].to_list() == found["tempo"].to_list() == [None, None]
    assert "energy 1.7 is not 0 to 1" in found[REFUSED][0]
    assert "mode '[1]' is no number" in found[REFUSED][0]
    assert statuses(found) == ["found", "no_features"]


def test_the_next_id_is_asked_where_the_first_has_no_features(
    make: Make, fake: FakeSpotify
) -> None:
    ids = [track_id(5), track_id(99), track_id(1), track_id(2)]
    found = make().look_up(songs(("A", "x", ids), ("A", "y", [track_id(2)]), ("A", "z", ids[:2])))
    assert found["key"].to_list() == [1, 2, None]
    assert statuses(found) == ["found", "found", "no_features"]
    assert fake.features_asked == [[ids[0], ids[3]], [ids[1]], [ids[2]]]


def test_what_is_no_id_is_not_asked(make: Make, fake: FakeSpotify) -> None:
    odd = ["", "short", "spotify:track:1", "ä" * 22, "a,b" + "0" * 19]
    assert statuses(make().look_up(songs(("Nobody", "Nothing", odd)))) == ["not_found"]
    assert fake.features_asked == []


def test_an_id_that_spotify_refuses_does_not_cost_the_others(make: Make) -> None:
    refused = "z" * 22
    table = songs(*(("A", str(n), [refused if n == 3 else track_id(1)]) for n in range(9)))
    table = table.with_columns(
        pl.when(pl.col("song_id") % 3 == 1)
        .then(pl.lit([track_id(2)]))
        .otherwise("spotify_ids")
        .alias("spotify_ids")
    )
    found = make().look_up(table)
    assert [song for song, one in enumerate(statuses(found)) if one != "found"] == [3]


# --- searching


def test_a_song_without_id_is_searched_for_and_scored(make: Make, fake: FakeSpotify) -> None:
    source = make()
    found = source.look_up(
        songs(
            ("Radiohead", "Let Down", None),
            ("radiohead", "CREEP (2009 Remaster)", []),
            ("Blur", "Song 2", None),
            ("Pulp", "Common People", None),
            ("Radiohead", "Creep - Karaoke Version", None),
            ("Oasis", "Supersonic", None),
        )
    )
    assert statuses(found) == ["found"] * 3 + ["no_features", "not_found", "not_found"]
    assert found["key"].to_list()[:3] == [1, 2, 4]
    assert found["score"].to_list() == [1.0, 1.0, 1.0, 1.0, None, None]
    assert fake.searches[:3] == ["radiohead let down", "radiohead creep", "blur song 2"]
    assert all(asked.params.get("limit", "10") == "10" for asked in fake.asked)
    assert fake.features_asked == [[track_id(1)], [track_id(2), track_id(4), track_id(5)]]


def test_marks_that_would_be_a_filter_are_left_out(make: Make, fake: FakeSpotify) -> None:
    make().look_up(songs(('A"b', 'track:"x" year:1999', None), (":", '"', None)))
    assert fake.searches == ["a b track x year 1999"]


# --- access to audio features


def test_without_access_one_request_tells_and_nothing_is_searched(
    make: Make, fake: FakeSpotify, clock: Clock
) -> None:
    fake.extended = False
    source = make()
    table = songs(("Radiohead", "Creep", None), ("A", "x", [track_id(1)]))
    found = source.look_up(table)
    assert statuses(found) == ["blocked", "blocked"]
    assert fake.searches == []
    assert source.look_up(table).height == 2
    assert len(fake.asked) == 1
    why = source.remarks[1]
    assert "no audio features (HTTP 403)" in why
    assert "purge spotify" in why
    assert found["retry_at"].min() == pytest.approx(clock.now + 30 * DAY, abs=60)
    again = make()
    assert statuses(again.look_up(table)) == ["blocked", "blocked"]
    assert (again.requests, again.remarks) == (0, source.remarks)


def test_without_access_and_without_ids_one_search_tells(make: Make, fake: FakeSpotify) -> None:
    fake.extended = False
    table = songs(("Radiohead", "Creep", None), ("Blur", "Song 2", None), ("Oasis", "x", None))
    assert statuses(make().look_up(table)) == ["blocked"] * 3
    assert len(fake.searches) == 1


def test_known_answers_serve_also_where_nothing_more_is_asked(
    make: Make, fake: FakeSpotify
) -> None:
    make().look_up(by_id(1))
    fake.extended = False
    assert statuses(make().look_up(by_id(1, 2))) == ["found", "blocked"]


@pytest.mark.parametrize("part", ["search", "features"])
def test_without_premium_the_run_goes_on_without_spotify(
    make: Make, fake: FakeSpotify, part: str
) -> None:
    fake.faults.append(Fault(403, PREMIUM, {"Content-Type": "text/plain"}))
    source = make()
    table = songs(("Radiohead", "Creep", None if part == "search" else [track_id(2)]))
    assert statuses(source.look_up(table)) == ["blocked"]
    assert "Active premium subscription required" in source.remarks[1]
    assert statuses(source.look_up(table)) == ["blocked"]
    assert len(fake.asked) == 1
    assert statuses(make().look_up(table)) == ["found"]  # Premium can come back


# --- the cache


def test_no_answer_is_asked_for_twice_not_even_by_another_run(
    make: Make, fake: FakeSpotify
) -> None:
    table = songs(
        ("Radiohead", "Creep", None), ("Oasis", "Supersonic", None), ("A", "x", [track_id(1)]),
        ("A", "y", [track_id(5)]),
    )  # fmt: skip
    first = make().look_up(table)
    asked = len(fake.asked)
    again = make()
    assert again.look_up(table).equals(first)
    assert (len(fake.asked), again.requests) == (asked, 0)


@pytest.mark.parametrize("asked", [True, False], ids=["under way", "before it is asked"])
def test_what_was_answered_before_an_interruption_is_kept(
    make: Make, fake: FakeSpotify, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = songs(*(("Radiohead", f"{number}", None) for number in range(6)))
    usual, searches = requests.Session.send, list[str]()

    def send(session: requests.Session, request: requests.PreparedRequest, **named: Any) -> Any:
        if "/search" in str(request.url):
            searches.append(str(request.url))
        stopped = len(searches) == 4
        if stopped and not asked:
            raise KeyboardInterrupt
        response = usual(session, request, **named)
        if stopped:
            raise KeyboardInterrupt
        return response

    # A signal would come at any place, among them where a library's own handler keeps it.
    monkeypatch.setattr(requests.Session, "send", send)
    with pytest.raises(KeyboardInterrupt):
        make().look_up(table)
    monkeypatch.undo()
    assert statuses(make().look_up(table)) == ["not_found"] * 6
    texts = [f"radiohead {number}" for number in range(6)]
    assert fake.searches == (texts[:4] + texts[3:] if asked else texts)


def test_when_answers_are_asked_for_again(make: Make, fake: FakeSpotify, clock: Clock) -> None:
    table = songs(("Oasis", "Supersonic", None), ("A", "y", [track_id(5)]), ("A", "x", None))
    found = make().look_up(table)
    assert statuses(found) == ["not_found", "no_features", "not_found"]
    assert found["retry_at"].to_list() == pytest.approx([clock.now + 30 * DAY] * 3, abs=10)
    asked = len(fake.searches)
    clock.now += 30 * DAY - 60
    assert make().look_up(table)["retry_at"].to_list()[0] == found["retry_at"][0]
    assert len(fake.searches) == asked
    clock.now += 120
    make().look_up(table)
    assert len(fake.searches) == 2 * asked


def test_features_expire_after_a_week(make: Make, fake: FakeSpotify, clock: Clock) -> None:
    make().look_up(by_id(1))
    clock.now += 7 * DAY - 60
    make().look_up(by_id(1))
    assert len(fake.asked) == 1
    clock.now += 120
    assert statuses(make().look_up(by_id(1))) == ["found"]
    assert len(fake.asked) == 2


def test_spotipy_is_imported_only_to_ask() -> None:
    script = (
        "import sys; import recsys_dagster.cli, recsys_dagster.audio.sources\n"
        "assert 'spotipy' not in sys.modules and 'redis' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_no_songs_no_questions(make: Make) -> None:
    source = make()
    assert source.look_up(by_id(1).clear()).schema == LOOKED_UP
    assert (source.requests, source.remarks, source.refused_files) == (0, [], [])
