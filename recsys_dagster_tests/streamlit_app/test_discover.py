import pytest

from recsys_dagster.recommend.answer import Song
from recsys_dagster_tests.streamlit_app.driving import app, keys, press, run, search, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeRecommender, FakeShelf, serving
from streamlit_app.parts.words import plain


def test_the_journey_from_a_search_to_recommendations(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = search(run(app()), "engines")
    assert len(keys(page, "add-")) == 6
    page = press(page, "add-1")
    page = press(page, "add-8")
    assert keys(page, "drop-") == ["drop-1", "drop-8"]
    assert page.query_params["songs"] == "1,8"
    assert page.button(key="add-1").disabled
    assert page.button(key="add-1").label == "Added"
    assert len(page.progress) >= 10
    assert "**Amber Harbour 0**" in words(page)
    assert shown(page, "echarts_chart") == ["echarts_chart"]


def test_the_number_and_the_method_reach_the_recommender(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app("0"))
    page.slider(key="n").set_value(20)
    page.segmented_control(key="method").set_value("knn")
    page = run(page)
    assert "### 20" in words(page)
    assert "### 21" not in words(page)
    assert "Sound alone" in words(page)


def test_a_start_for_those_who_picked_nothing(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app())
    assert len(keys(page, "add-")) == 9
    page = press(page, "surprise")
    assert len(keys(page, "drop-")) == 3
    assert not keys(page, "add-")


def test_a_chip_takes_its_song_away(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = press(run(app("3,4")), "drop-3")
    assert keys(page, "drop-") == ["drop-4"]
    page = press(page, "clear")
    assert keys(page, "drop-") == []
    assert "songs" not in page.query_params


def test_five_songs_are_the_most(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = search(run(app("0,1,2,3")), "amber")
    assert not page.button(key="add-8").disabled
    page = press(page, "add-8")
    assert page.button(key="add-16").disabled
    assert "five is the most" in words(page)


def test_what_a_method_cannot_do_is_said_in_its_words(shelf: FakeShelf) -> None:
    refusing = FakeRecommender(refuses={"knn": "None of these songs has audio features."})
    shelf.put(serving(recommender=refusing))
    page = run(app("4"))
    page.segmented_control(key="method").set_value("knn")
    page = run(page)
    assert [each.value for each in page.warning] == ["None of these songs has audio features\\."]


def test_a_fallback_is_said(shelf: FakeShelf) -> None:
    shelf.put(serving(recommender=FakeRecommender(rung="unknown")))
    assert "most played songs" in "".join(str(each.value) for each in run(app("0")).info)


def test_no_fallback_is_said_when_there_is_none(shelf: FakeShelf) -> None:
    shelf.put(serving())
    assert not run(app("0")).info


@pytest.mark.parametrize(
    ("address", "picked"),
    [
        ("<script>,2", ["drop-2"]),
        ("-1,1e5,٣,²,1.5", []),
        ("999999", []),
        ("1,1,2", ["drop-1", "drop-2"]),
        ("1,2,3,4,5,6,7", ["drop-1", "drop-2", "drop-3", "drop-4", "drop-5"]),
        ("9" * 100_000, []),
        (",,,", []),
    ],
)
def test_garbage_in_the_address_is_left_out(
    shelf: FakeShelf, address: str, picked: list[str]
) -> None:
    shelf.put(serving())
    page = run(app(address))
    assert keys(page, "drop-") == picked
    expected = ",".join(key.removeprefix("drop-") for key in picked)
    assert page.query_params.get("songs", "") == expected


def test_garbage_in_the_address_of_the_settings(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = app("1")
    page.query_params["method"] = "magic"
    page.query_params["n"] = "-3"
    page = run(page)
    assert page.segmented_control(key="method").value == "hybrid"
    assert page.slider(key="n").value == 10


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "**bold** _it_ `code`",
    "$x^2$ :smile: :red[red]",
    "[link](http://evil.example)",
)


def test_titles_are_shown_as_text(shelf: FakeShelf) -> None:
    songs = [Song(n, title, title, 10, 1, True) for n, title in enumerate(HOSTILE)]
    shelf.put(serving(recommender=FakeRecommender(songs=songs)))
    page = search(run(app("0")), "e")
    said = words(page)
    assert all(f"**{plain(title)}**" in said for title in HOSTILE)
    assert not any(title in said for title in HOSTILE)
    assert page.button(key="drop-0").label == plain(f"{HOSTILE[0]} – {HOSTILE[0]}")


def test_nothing_to_draw_is_said(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app("4"))
    assert "Nothing can be drawn" in words(page)
    assert not shown(page, "echarts_chart")


def test_a_search_without_a_match_is_said(shelf: FakeShelf) -> None:
    shelf.put(serving())
    assert "No song or artist like that" in words(search(run(app()), "zzzz"))


def test_a_song_without_audio_features_is_marked(shelf: FakeShelf) -> None:
    shelf.put(serving())
    assert "972 plays · no audio features" in words(run(app()))
