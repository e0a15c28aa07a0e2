import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from recsys_dagster.recommend.answer import Song
from recsys_dagster.recommend.placing import Places
from recsys_dagster_tests.streamlit_app.driving import keys, page, press, run, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, evaluation
from recsys_dagster_tests.streamlit_app.released import AXES, release, world
from streamlit_app.parts import atlas

pytestmark = pytest.mark.slow


def test_a_map_with_picks_and_results(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("song_map", songs="0,1"))
    assert shown(seen, "echarts_chart") == ["echarts_chart"]
    assert keys(seen, "drop-") == ["drop-0", "drop-1"]
    said = words(seen)
    assert "All 35 songs whose sound is known" in said
    assert "3 songs with too few audio features" in said
    assert "tell 60% of how songs differ" in said


def test_the_map_marks_what_discover_recommends_as_it_is_set_there(shelf: FakeShelf) -> None:
    made = release()
    shelf.put(made)
    address = {"songs": "0", "method": "KNN", "n": "12", "per_artist": "1", "without": "18"}
    found = made.recommender.recommend(
        [0], method="knn", n=12, max_per_artist=1, exclude_songs=[18]
    ).recommendations
    assert marked(run(page("song_map", **address))) == [song.title for song in found]
    seen = run(page("discover", songs="0"))
    seen.segmented_control(key="method").set_value("knn")
    seen.slider(key="n").set_value(12)
    seen.segmented_control(key="per_artist").set_value(1)
    thumbs = run(seen).feedback(key="thumb-18")
    thumbs.set_value(0)
    assert marked(run(run(seen).switch_page("app_pages/song_map.py"))) == [
        song.title for song in found
    ]


def marked(test: AppTest) -> list[str]:
    """The recommended songs that are chosen from below the map, without the picked one."""
    titles = [str(one).split(" – ")[0] for one in test.selectbox(key="near").options]
    return [title for title in titles if title != "Song Number 0"]


def test_what_discover_cannot_answer_is_said_on_the_map_too(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("song_map", songs="4", method="KNN"))
    assert seen.warning
    assert shown(seen, "echarts_chart") == ["echarts_chart"]


def test_what_is_near_can_be_added_without_the_chart(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("song_map", songs="0"))
    near = keys(seen, "near-add-")
    assert len(near) == 9
    seen = press(seen, near[0])
    assert seen.query_params["songs"] == f"0,{near[0].removeprefix('near-add-')}"
    assert seen.button(key=near[0]).label == "Added"


def test_a_song_is_found_on_the_map(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("song_map"))
    seen.text_input(key="near-search").set_value("Number 21")
    seen = run(seen)
    assert seen.selectbox(key="near").options == ["Song Number 21 – Fast Artist 5"]
    seen.text_input(key="near-search").set_value("no such thing")
    assert "No song like that is on the map" in words(run(seen))


def test_five_songs_are_the_most(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("song_map", songs="0,1,2,3,8"))
    assert all(seen.button(key=key).disabled for key in keys(seen, "near-add-"))


def test_a_pick_without_sound_is_said(shelf: FakeShelf) -> None:
    shelf.put(release())
    assert "1 of your songs cannot be placed" in words(run(page("song_map", songs="0,4")))


def test_an_old_release_has_no_map_and_says_what_to_do(shelf: FakeShelf) -> None:
    shelf.put(release(old=True))
    seen = run(page("song_map", songs="0"))
    assert "recsys run" in words(seen)
    assert not shown(seen, "echarts_chart")


def test_without_audio_features_the_reason_is_said(shelf: FakeShelf) -> None:
    deaf = world(silent=tuple(range(40)))
    why = {"axes": [], "left_out": 40, "reason": "A map needs 3 songs; there are 0."}
    shelf.put(release(deaf, evaluation=evaluation() | {"song_map": why}))
    assert "A map needs 3 songs; there are 0. Add a catalogue" in words(run(page("song_map")))


def test_no_release(shelf: FakeShelf) -> None:
    assert "Nothing released yet" in words(run(page("song_map")))
    assert shelf.current is None


HOSTILE = "<img src=x onerror=alert(1)> **b** $x$ :smile: " + "t" * 10_000


def test_titles_are_cut_and_stay_text() -> None:
    song = Song(0, HOSTILE, HOSTILE, 1, 1, True)
    where = Places(np.array([0], np.int32), np.array([[1.0, 2.0]], np.float32))
    table = atlas.frame(where, np.array([0]), [song])
    assert table["title"].str.len_chars().max() == 80
    marked = atlas.Marked.of(atlas.PICKED, [song], where)
    (item,) = atlas.spec(table, [marked], AXES)["series"][1]["data"]
    assert len(item["name"]) == 80
    assert item["value"] == [1.0, 2.0]
    assert "calm" in atlas.describe(AXES, [marked])


def test_beyond_what_a_browser_draws_it_is_a_sample_and_says_so() -> None:
    assert atlas.explain(30_000, 1_000_000, {}).startswith(
        "A sample: 30,000 of the 1,000,000 songs"
    )
    big = atlas.spec(atlas.frame(Places(*many(5000)), np.arange(5000), songs(5000)), [], AXES)
    assert big["series"][0]["large"]


def many(size: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(size, dtype=np.int32), np.zeros((size, 2), np.float32)


def songs(size: int) -> list[Song]:
    return [Song(number, "a", "t") for number in range(size)]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        ({"selected": [{"series_id": "Songs", "data_indices": [1]}]}, [11]),
        ({"selected": [{"series_id": "Your songs", "data_indices": [0]}]}, [7]),
        ({"selected": [{"series_id": "Songs", "data_indices": [99, -1]}]}, []),
        ({"selected": [{"series_id": None, "data_indices": [0]}], "areas": []}, []),
        ({"selected": []}, []),
        ({}, []),
    ],
)
def test_a_click_means_a_song(selection: dict[str, object], expected: list[int]) -> None:
    ids = {"Songs": [10, 11], "Your songs": [7]}
    assert atlas.pressed(selection, ids) == expected


@given(x=st.floats(-9, 9), y=st.floats(-9, 9))
def test_where_a_song_lies_is_said_in_the_words_of_the_axes(x: float, y: float) -> None:
    said = atlas.side((x, y), AXES)
    assert said == f"{'loud' if x >= 0 else 'calm'}; {'happy' if y >= 0 else 'sad'}"
