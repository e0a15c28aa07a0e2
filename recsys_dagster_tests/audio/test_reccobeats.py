import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import requests

from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources import Surroundings, make_sources
from recsys_dagster.audio.sources.base import LOOKED_UP
from recsys_dagster.audio.sources.reccobeats_asking import DAY
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.audio.asking_reccobeats import look_up, songs_of, source_of
from recsys_dagster_tests.audio.fake_reccobeats import (
    NAMES,
    FakeReccobeats,
    FakeTrack,
    MovedClock,
    ids_of,
    made_up_features,
    questions_of,
    spotify_id,
)
from recsys_dagster_tests.serving import Fault

pytestmark = pytest.mark.slow

FIRST, SECOND, THIRD = map(spotify_id, (1, 2, 3))


@pytest.fixture
def fake() -> Iterator[FakeReccobeats]:
    with FakeReccobeats() as server:
        yield server


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


def track(number: int, title: str, *artists: str, known: bool = True) -> FakeTrack:
    features = made_up_features(number) if known else None
    return FakeTrack(spotify_id(number), title, artists, features)


def values(table: pl.DataFrame, song: int) -> dict[str, Any]:
    row = table.filter(pl.col("song_id") == song).select(FEATURES).row(0, named=True)
    return {name: value for name, value in row.items() if value is not None}


def test_ids_come_first_forty_a_call_and_are_joined_on_href(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    for number in range(1, 101):
        fake.add(track(number, "whatever", "Somebody"))
    songs = songs_of(*(("A", f"t{n}", [spotify_id(n)]) for n in range(1, 101)))
    table, remarks = look_up(fake, tmp_path, clock, songs)
    assert table.schema == LOOKED_UP
    assert [len(ids_of(one)) for one in fake.asked] == [40, 40, 20]
    assert all(values(table, n - 1) == made_up_features(n) for n in range(1, 101))
    assert set(table["status"]) == {"found"}
    assert set(table["score"]) == {1.0}
    assert table["retry_at"].null_count() == 100
    assert remarks == []


def test_what_it_lacks_stays_missing(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(1, "t", "A"))
    table, _ = look_up(fake, tmp_path, clock, songs_of(("A", "t", [FIRST])))
    assert set(FEATURES) - set(NAMES) == {"time_signature", "duration_ms"}
    assert table.select("time_signature", "duration_ms").row(0) == (None, None)


def test_the_first_id_with_features_wins(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(2, "t", "A"))
    fake.add(track(3, "t", "A"))
    table, _ = look_up(fake, tmp_path, clock, songs_of(("A", "title", [FIRST, THIRD, SECOND])))
    assert values(table, 0) == made_up_features(3)
    assert len(fake.asked) == 1


def test_ids_that_are_none_are_not_asked(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    look_up(fake, tmp_path, clock, songs_of(("A", "t", ["", "a,b", "x" * 23, "é" * 22])))
    assert fake.asked == []


def test_songs_without_features_by_id_are_searched_by_title_and_artist(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(11, "The Song", "Another"))
    fake.add(track(12, "The Song (feat. Guest) - Remastered 2009", "Béla", "Guest"))
    fake.add(track(13, "The Song - Live At Home", "Bela"))
    songs = songs_of(("Bela", "The Song", None), ("Bela", "The Song (Live at Home)", [FIRST]))
    table, _ = look_up(fake, tmp_path, clock, songs)
    assert values(table, 0) == made_up_features(12)
    assert values(table, 1) == made_up_features(13)
    assert table["status"].to_list() == ["found", "found"]
    searches = [one.params for one in fake.asked if one.path[-1] == "search"]
    assert [(one["searchText"], one["size"]) for one in searches] == [
        ("the song", "50"), ("the song (live at home)", "50"),
    ]  # fmt: skip
    assert [ids_of(one) for one in fake.asked if one.path[-1] != "search"] == [
        [FIRST], [spotify_id(12), spotify_id(13)],
    ]  # fmt: skip


def test_the_next_page_only_while_the_artist_is_missing_and_there_is_more(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    for number in range(1, 300):
        fake.add(track(number, "Same Title", f"Artist {number}"))
    songs = songs_of(*((f"Artist {n}", "Same Title", None) for n in (7, 40, 120, 250)))
    table, _ = look_up(fake, tmp_path, clock, songs)
    assert table["status"].to_list() == ["found", "found", "found", "not_found"]
    pages = [one.params["page"] for one in fake.asked if one.path[-1] == "search"]
    assert pages == ["0", "1", "2", "3"]


def test_another_release_is_tried_where_the_best_has_no_features(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(1, "Some Song", "A", known=False))
    fake.add(track(2, "Some Song", "A"))
    table, _ = look_up(fake, tmp_path, clock, songs_of(("A", "Some Song", None)))
    assert values(table, 0) == made_up_features(2)


def test_each_reason_has_its_time(fake: FakeReccobeats, tmp_path: Path, clock: MovedClock) -> None:
    fake.add(track(1, "no features", "A", known=False))
    fake.add(FakeTrack(SECOND, "nulls", ["A"], dict.fromkeys(NAMES)))
    songs = songs_of(
        ("A", "no features", None), ("A", "nulls", [SECOND]), ("A", "nobody knows it", None),
        ("A", "ab", None), ("A", "é" * 1001, None), ("A", "?!", [THIRD]),
    )  # fmt: skip
    table, remarks = look_up(fake, tmp_path, clock, songs)
    assert table["status"].to_list() == ["no_features"] * 2 + ["not_found"] * 4
    later = clock.now + 30 * DAY
    assert table["retry_at"].to_list() == [later, later, later, None, None, later]
    assert remarks == []


def test_what_is_answered_is_not_asked_again_before_its_time(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(1, "by id", "A"))
    fake.add(track(2, "by title", "A"))
    fake.add(track(3, "without features", "A", known=False))
    songs = songs_of(
        ("A", "by id", [FIRST]), ("A", "by title", None), ("A", "without features", None),
        ("A", "nowhere", [spotify_id(9)]),
    )  # fmt: skip
    first, _ = look_up(fake, tmp_path, clock, songs)
    asked = len(fake.asked)
    clock.now += 29 * DAY
    assert look_up(fake, tmp_path, clock, songs)[0].equals(first)
    assert len(fake.asked) == asked
    clock.now += 2 * DAY
    fake.add(track(3, "without features", "A"))
    again, _ = look_up(fake, tmp_path, clock, songs)
    assert questions_of(fake.asked[asked:]) == {
        (THIRD,): 1, (spotify_id(9),): 1, ("nowhere", "0"): 1,
    }  # fmt: skip
    assert again["status"].to_list() == ["found", "found", "found", "not_found"]


def test_impossible_values_are_refused_and_nulls_are_missing(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    odd: dict[str, Any] = {
        "energy": 7, "key": None, "mode": "major", "tempo": True, "valence": 10**400,
        "loudness": [], "liveness": {"a": 1}, "speechiness": "0.25",
    }  # fmt: skip
    fake.add(FakeTrack(FIRST, "t", ["A"], odd | {"danceability": 0.5}))
    fake.add(FakeTrack(SECOND, "t", ["A"], {"energy": 7}))
    songs = songs_of(("A", "one", [FIRST]), ("A", "two", [SECOND]))
    table, _ = look_up(fake, tmp_path, clock, songs)
    assert values(table, 0) == {"danceability": 0.5, "speechiness": 0.25}
    assert "energy 7.0 is not 0 to 1" in table[REFUSED][0]
    assert "mode 'major' is no number" in table[REFUSED][0]
    assert table["status"].to_list() == ["found", "no_features"]
    assert table["retry_at"].to_list() == [None, clock.now + 180 * DAY]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>hello</html>", b"[]", b"null", b'"text"', b"{", b"{}", b"[" * 100_000,
        b"\xff\xfe", {"content": None}, {"content": {}}, {"content": "x"}, {"content": [None]},
        {"content": [1, 2]}, {"status": 4291},
    ],
    ids=repr,
)  # fmt: skip
def test_an_answer_of_another_shape_is_trouble_and_is_not_kept(
    body: Any, fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(1, "by id", "A"))
    songs = songs_of(("A", "by id", [FIRST]), ("A", "by title", None))
    fake.faults.extend([Fault(200, body)] * 3)
    table, remarks = look_up(fake, tmp_path, clock, songs)
    assert table["status"].to_list() == ["error", "not_found"]
    assert table["retry_at"][0] == pytest.approx(clock.now + 3600)
    assert "1 song is without its answer" in remarks[0]
    assert look_up(fake, tmp_path, clock, songs)[0]["status"].to_list() == ["found", "not_found"]


@pytest.mark.parametrize(
    "row",
    [
        {"trackTitle": None, "artists": [{"name": "A"}]},
        {"trackTitle": "by title", "artists": None},
        {"trackTitle": "by title", "artists": [None, 3, {"name": 7}, {}]},
        {"trackTitle": ["by title"], "artists": [{"name": "A"}]},
        {"trackTitle": "by title" * 9999, "artists": [{"name": "A"}]},
        {"trackTitle": "\ud800", "artists": [{"name": "\udfff"}]},
        {"href": None}, {"href": 3}, {"href": f"https://elsewhere/{FIRST}"}, {},
    ],
    ids=lambda row: repr(row)[:40],
)  # fmt: skip
def test_odd_rows_are_passed_over(
    row: dict[str, Any], fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(2, "by title", "A"))
    odd = {"href": f"https://open.spotify.com/track/{FIRST}", **row}
    good = fake.tracks[SECOND].row
    fake.faults.append(Fault(200, {"content": [odd, good], "totalElements": "many"}))
    table, _ = look_up(fake, tmp_path, clock, songs_of(("A", "by title", None)))
    assert values(table, 0) == made_up_features(2)


def test_a_refused_question_is_left_for_a_day_and_the_others_go_on(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.add(track(1, "one title", "A"))
    fake.add(track(2, "two title", "A"))
    songs = songs_of(("A", "one title", None), ("A", "two title", None))
    fake.faults.append(Fault(400, {"status": 4002}))
    table, _ = look_up(fake, tmp_path, clock, songs)
    assert table["status"].to_list() == ["error", "found"]
    assert table["retry_at"].to_list() == [clock.now + DAY, None]
    asked = len(fake.asked)
    look_up(fake, tmp_path, clock, songs)
    assert len(fake.asked) == asked
    clock.now += DAY
    assert look_up(fake, tmp_path, clock, songs)[0]["status"].to_list() == ["found", "found"]


def test_an_address_of_something_else_is_soon_left_alone(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    fake.faults.extend([Fault(404, b"<html>no such page</html>")] * 100)
    songs = songs_of(*(("A", f"title {n}", None) for n in range(50)))
    table, remarks = look_up(fake, tmp_path, clock, songs)
    assert set(table["status"]) == {"error"}
    assert len(fake.asked) == 5
    assert "HTTP 404" in remarks[0]


def test_requests_are_paced_over_all_batches_of_a_run(
    fake: FakeReccobeats, tmp_path: Path, clock: MovedClock
) -> None:
    with source_of(fake, tmp_path, clock, interval=0.5) as source:
        for number in range(3):
            source.look_up(songs_of(("A", f"title {number}", None)).drop("batch"))
        assert source.requests == len(fake.asked) == 3
    assert clock.slept == [0.5, 0.5]


def test_who_asks_is_said(fake: FakeReccobeats, tmp_path: Path, clock: MovedClock) -> None:
    look_up(fake, tmp_path, clock, songs_of(("A", "title", None)))
    assert fake.asked[0].headers["User-Agent"].startswith("recsys-dagster/")
    assert fake.asked[0].headers["Accept"] == "application/json"


def test_the_settings_name_it(fake: FakeReccobeats, tmp_path: Path) -> None:
    settings = load_settings().model_copy(
        update={"reccobeats_api_url": f"{fake.url}/", "reccobeats_interval": 0.0}
    )
    (source,) = make_sources(["reccobeats"], Surroundings({}, tmp_path / "answers", settings))
    assert source.fingerprint
    assert source.refused_files == source.remarks == []
    assert not (tmp_path / "answers").exists()
    found = source.look_up(songs_of(("A", "title", None)).drop("batch"))
    assert found["status"].to_list() == ["not_found"]
    assert source.requests == 1
    assert (tmp_path / "answers" / "reccobeats.sqlite").exists()
    source.close()


def test_the_fake_is_as_strict_as_the_service(fake: FakeReccobeats) -> None:
    fake.add(track(1, "a song title", "A"))

    def ask(path: str, agent: str = "test") -> tuple[int, Any]:
        answer = requests.get(f"{fake.url}/v1/{path}", headers={"User-Agent": agent}, timeout=5)
        return answer.status_code, answer.text if answer.status_code == 403 else answer.json()

    def code(path: str) -> tuple[int, int]:
        status, document = ask(path)
        return status, document["status"]

    ids = ",".join(spotify_id(n) for n in range(1, 42))
    assert code(f"audio-features?ids={ids}") == (400, 4004)
    assert code("audio-features") == (400, 4004)
    assert code("track/search?searchText=ab") == (400, 4004)
    assert code("track/search?searchText=abc&size=51") == (400, 4004)
    assert code("nowhere") == (404, 4042)
    assert ask("audio-features?ids=x", "Python-urllib/3.11") == (403, "error code: 1010")
    assert ask("audio-features?ids=x", "") == (403, "error code: 1010")
    two = f"audio-features?ids={FIRST}&ids={SECOND}"
    assert ask(two) == ask(two.replace("&ids=", ","))
    (row,) = ask(two)[1]["content"]
    assert row["href"].endswith(FIRST)
    assert row["id"] != FIRST
    assert "time_signature" not in row
    assert ask("track/search?searchText=SONG")[1]["totalElements"] == 1
    assert ask("track/search?searchText=A a song")[1]["totalElements"] == 0
    assert json.dumps(ask(two))
