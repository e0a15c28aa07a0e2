from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from recsys_dagster.recommend.history import History
from recsys_dagster_tests import worlds
from recsys_dagster_tests.streamlit_app.driving import page, run, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, serving
from recsys_dagster_tests.streamlit_app.released import catalogue, release, world
from streamlit_app.parts import habits, whose
from streamlit_app.parts.words import plain

pytestmark = pytest.mark.slow

HEADER = "artist,album,track,date"


RECOMMENDED = ["Rank", "Title", "Artist", "Match", "Because you played"]
SONGS = ["Title", "Artist", "Plays"]
FORGOTTEN = [*SONGS, "First", "Last"]


def rows(test: AppTest, columns: list[str], which: int = -1) -> list[dict[str, Any]]:
    """The rows of a table, told by its columns; the last of several such by default."""
    found = [each.value for each in test.dataframe if list(each.value.columns) == columns]
    return found[which].to_dict("records")  # type: ignore[no-any-return]


def test_all_of_a_taste(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("my_taste", listener="listener 004"))
    assert seen.selectbox(key="listener").value == "listener 004"
    assert shown(seen, "echarts_chart") == ["echarts_chart"] * 4  # artists, week, months, sound
    assert [metric.label for metric in seen.metric] == ["Listens", "Songs", "From", "To"]
    known = world().played_by(4)
    assert len(rows(seen, RECOMMENDED)) > 5
    titles = {worlds.title(song) for song in known}
    assert not titles & {row["Title"] for row in rows(seen, RECOMMENDED)}
    assert {row["Because you played"] for row in rows(seen, RECOMMENDED)} <= titles | {""}
    assert {row["Title"] for row in rows(seen, SONGS)} <= titles
    gone = rows(seen, FORGOTTEN)
    assert gone
    assert all(str(row["Last"]).startswith("2019") for row in gone)
    assert "Most on Tuesdays; the fullest hour is Tuesday 01:00" in words(seen)


def test_another_listener_is_chosen(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("my_taste"))
    seen.selectbox(key="listener").set_value("listener 007")
    first = {row["Title"] for row in rows(run(seen), SONGS)}
    assert first <= {worlds.title(song) for song in world().played_by(7)}


def test_an_unknown_listener_in_the_address_is_said(shelf: FakeShelf) -> None:
    shelf.put(release())
    said = words(run(page("my_taste", listener="<b>eve")))
    assert f"no listener {plain('<b>eve')}" in said


def test_a_single_listener_who_played_everything(shelf: FakeShelf) -> None:
    lone = world(users=1, songs=6, silent=(), forgotten=(), played_share=1.0)
    shelf.put(release(lone))
    said = words(run(page("my_taste")))
    assert "every song was played" in said


def test_a_listener_of_nothing(shelf: FakeShelf) -> None:
    made = release(old=True)
    empty = History(np.empty(0, np.int64), np.empty(0, np.int64))
    made.recommender.history = lambda _: empty  # type: ignore[method-assign,assignment]
    shelf.put(made)
    assert "has not played anything yet" in words(run(page("my_taste")))


def test_an_old_release_says_that_it_does_not_know_when(shelf: FakeShelf) -> None:
    shelf.put(release(old=True))
    seen = run(page("my_taste"))
    assert "does not hold when anybody listened" in words(seen)
    assert shown(seen, "echarts_chart") == ["echarts_chart"] * 2
    assert "Long not played" not in [each.value for each in seen.header]


def test_a_history_without_times_has_words_for_a_picture(shelf: FakeShelf) -> None:
    shelf.put(release(timed=False))
    assert "Nothing in this history says when" in words(run(page("my_taste")))


def test_without_audio_features_no_sound_is_drawn(shelf: FakeShelf) -> None:
    shelf.put(release(world(silent=tuple(range(40)))))
    seen = run(page("my_taste"))
    assert "Too little is known of how these songs sound" in words(seen)
    assert len(rows(seen, RECOMMENDED)) > 5


def test_among_many_listeners_there_is_a_search(
    shelf: FakeShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whose, "FEW", 5)
    shelf.put(release())
    seen = run(page("my_taste"))
    seen.text_input(key="listener-search").set_value("01")
    seen = run(seen)
    assert seen.selectbox(key="listener").options[:2] == ["listener 001", "listener 010"]
    seen.text_input(key="listener-search").set_value("nobody")
    assert "No listener has a name like that" in words(run(seen))


def brought(shelf: FakeShelf, folder: Path, name: str, content: bytes) -> AppTest:
    shelf.put(release(catalogue=catalogue(folder)))
    seen = run(page("my_taste"))
    seen.segmented_control(key="whose").set_value(whose.UPLOAD)
    seen = run(seen)
    seen.file_uploader(key="history").upload(name, content, "text/csv")
    return run(seen)


def history(*songs: int) -> bytes:
    lines = [
        f"{worlds.artist(song)},,{worlds.title(song)},{row + 1:02d} Jan 2021 10:00"
        for row, song in enumerate(songs)
    ]
    return "\n".join([HEADER, *lines, "$x$,,<b>:smile:,09 Jan 2021 11:00", ""]).encode()


def test_a_history_is_brought_and_forgotten_again(shelf: FakeShelf, tmp_path: Path) -> None:
    seen = brought(shelf, tmp_path, "carla.csv", history(0, 2, 2))
    assert "**carla**: 4 listens of 3 songs; the catalogue has 2 of them" in words(seen)
    assert rows(seen, SONGS, 0) == [{"Title": "<b>:smile:", "Artist": "$x$", "Plays": 1}]
    assert [row["Plays"] for row in rows(seen, SONGS)] == [2, 1]
    assert len(rows(seen, RECOMMENDED)) > 5
    assert [file.name for file in tmp_path.iterdir()] == ["songs.parquet"]  # nothing was written
    seen.file_uploader(key="history").clear()
    assert "carla" not in words(run(seen))


def test_what_is_no_history_is_said(shelf: FakeShelf, tmp_path: Path) -> None:
    seen = brought(shelf, tmp_path, "x.csv", b"name,age\nanna,7\n")
    assert "no listening history" in words(seen)


def test_nothing_of_it_in_the_catalogue_is_said(shelf: FakeShelf, tmp_path: Path) -> None:
    assert "The catalogue has none of these songs" in words(
        brought(shelf, tmp_path, "x.csv", history())
    )


def test_a_release_without_listeners_takes_an_upload_alone(shelf: FakeShelf) -> None:
    shelf.put(serving())
    assert run(page("my_taste")).segmented_control(key="whose").options == [whose.UPLOAD]


def test_no_release(shelf: FakeShelf) -> None:
    assert "Nothing released yet" in words(run(page("my_taste")))
    assert shelf.current is None


def test_months_are_drawn_without_gaps() -> None:
    months = np.array(["2020-01", "2020-03"], "datetime64[M]")
    listened = History(np.array([1]), np.array([2]), months=months, month_listens=np.array([4, 6]))
    drawn = habits.months(listened)
    assert drawn["xAxis"]["data"] == ["2020-01", "2020-02", "2020-03"]
    assert drawn["series"][0]["data"] == [4, 0, 6]
    assert "Most in 2020-03: 6 listens" in habits.describe_months(listened)
    assert habits.months(replace(listened, months=None))["series"][0]["data"] == [0]
