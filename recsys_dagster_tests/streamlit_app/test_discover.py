import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import LinkButton

from recsys_dagster.recommend.answer import Song
from recsys_dagster_tests.streamlit_app.driving import app, keys, press, run, search, shown, words
from recsys_dagster_tests.streamlit_app.fake import FakeRecommender, FakeShelf, serving
from streamlit_app.parts import refining
from streamlit_app.parts.words import plain

pytestmark = pytest.mark.slow


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
    assert "100% match" in words(page)
    assert "**Amber Harbour 0**" in words(page)
    assert shown(page, "echarts_chart") == ["echarts_chart"]


def test_every_setting_reaches_the_recommender(shelf: FakeShelf) -> None:
    recommender = FakeRecommender()
    shelf.put(serving(recommender=recommender))
    page = run(app("0"))
    assert recommender.asked == {
        "n": 10, "method": "hybrid", "diversity": 0.0, "max_per_artist": None,
        "popularity": "balanced", "steer": {"energy": 0.0, "valence": 0.0, "tempo": 0.0},
    }  # fmt: skip
    page.slider(key="n").set_value(20)
    page.slider(key="diversity").set_value(0.3)
    page.segmented_control(key="method").set_value("knn")
    page.segmented_control(key="popularity").set_value("deep")
    page.segmented_control(key="per_artist").set_value(2)
    page.select_slider(key="energy").set_value(0.5)
    page = run(page)
    assert recommender.asked == {
        "n": 20, "method": "knn", "diversity": 0.3, "max_per_artist": 2,
        "popularity": "deep", "steer": {"energy": 0.5, "valence": 0.0, "tempo": 0.0},
    }  # fmt: skip
    assert "**20**" in words(page)
    assert "**21**" not in words(page)
    assert "Sound alone" in words(page)


def test_all_settings_come_from_the_address(shelf: FakeShelf) -> None:
    recommender = FakeRecommender()
    shelf.put(serving(recommender=recommender))
    page = app("0")
    given = {"popularity": "Safe", "tempo": "Much slower", "diversity": "0.5", "per_artist": "1",
             "n": "5", "method": "SVD", "without": "1,2", "without-artists": "9"}  # fmt: skip
    for name, value in given.items():
        page.query_params[name] = value
    page = run(page)
    assert recommender.asked == {
        "n": 5, "method": "svd", "diversity": 0.5, "max_per_artist": 1, "popularity": "safe",
        "steer": {"energy": 0.0, "valence": 0.0, "tempo": -1.0},
    }  # fmt: skip
    assert keys(page, "back-") == ["back-artist-9", "back-1", "back-2", "back-all"]
    assert not page.info


def test_a_start_for_those_who_picked_nothing(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app())
    assert "**High energy**" in words(page)
    page = press(page, "pack-0")
    assert keys(page, "drop-") == ["drop-0", "drop-8", "drop-16"]
    page = press(press(page, "clear"), "surprise")
    assert len(keys(page, "drop-")) == 3
    assert not keys(page, "add-")


def thumb(page: AppTest, song_id: int, value: int) -> AppTest:
    page.feedback(key=f"thumb-{song_id}").set_value(value)
    return run(page)


def choose(page: AppTest, song_id: int, what: str) -> AppTest:
    page.menu_button(key=f"more-{song_id}").click(what)
    return run(page)


def listed(page: AppTest) -> list[int]:
    return [int(str(one.key).removeprefix("thumb-")) for one in page.feedback]


def test_thumbs_refine_at_once_and_can_be_undone(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app("0"))
    assert listed(page)[:3] == [1, 2, 3]
    page = thumb(page, 1, refining.DOWN)
    assert listed(page)[:2] == [2, 3]
    assert page.query_params["without"] == "1"
    page = thumb(page, 2, refining.UP)
    assert keys(page, "drop-") == ["drop-0", "drop-2"]
    assert listed(page)[0] == 3
    page = press(page, "back-1")
    assert listed(page)[:2] == [1, 3]
    assert page.feedback(key="thumb-1").value is None
    assert "without" not in page.query_params


def test_the_menu_of_a_song(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = choose(run(app("0")), 1, refining.NOT_ARTIST)
    assert listed(page)[0] == 8
    page = choose(page, 8, refining.NOT_SONG)
    assert listed(page)[0] == 9
    assert page.query_params["without-artists"] == "1"
    page = press(choose(page, 9, refining.ONLY), "back-all")
    assert "without-artists" not in page.query_params
    assert keys(page, "drop-") == ["drop-9"]
    assert listed(page)[:2] == [0, 1]


def test_a_sixth_song_is_not_liked_silently(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = thumb(run(app("0,1,2,3,4")), 5, refining.UP)
    assert "Five songs are picked" in words(page)
    assert len(keys(page, "drop-")) == 5
    assert page.feedback(key="thumb-5").value is None


def test_songs_named_in_the_address(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = app("0")
    page.query_params["seed"] = ["Amber Letters 16", "Quiet <b>Nobody</b>", " "]
    page = run(page)
    assert keys(page, "drop-") == ["drop-0", "drop-16"]
    assert plain("Quiet <b>Nobody</b>") in words(page)
    page = press(page, "instead-0-1")
    assert keys(page, "drop-") == ["drop-0", "drop-16", "drop-1"]
    assert not keys(page, "instead-")
    assert "seed" not in page.query_params


def test_a_song_leads_to_where_it_is_played(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app("0"))
    links = [one.url for one in page.get("link_button") if isinstance(one, LinkButton)]
    assert links[0] == "https://open.spotify.com/search/The%20Harbour%20Quiet%20Engines%201"
    assert len(links) == 2 * len(listed(page))


def test_a_list_can_be_taken_along(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = run(app("0"))
    assert [str(one.key) for one in page.get("download_button")] == [
        "save-csv", "save-m3u", "save-jspf",
    ]  # fmt: skip
    assert page.code[0].value.startswith("1. The Harbour - Quiet Engines 1\n2. ")


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


def test_garbage_in_the_address_of_the_settings_is_said(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = app("1")
    for name, value in {"method": "magic", "n": "-3", "energy": "$x$", "without": "x"}.items():
        page.query_params[name] = value
    page = run(page)
    assert page.segmented_control(key="method").value == "hybrid"
    assert page.slider(key="n").value == 10
    assert "left out: method, energy and n." in words(page)
    assert "leaves out" in words(page)


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


def test_a_search_without_a_match_shows_the_nearest(shelf: FakeShelf) -> None:
    shelf.put(serving())
    page = search(run(app()), "zzzz")
    assert "No song or artist like that" in words(page)
    assert keys(page, "add-") == ["add-0", "add-1"]


def test_a_song_without_audio_features_is_marked(shelf: FakeShelf) -> None:
    shelf.put(serving())
    assert "972 plays · no audio features" in words(search(run(app()), "hollow"))
