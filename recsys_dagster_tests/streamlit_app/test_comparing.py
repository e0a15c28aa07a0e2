import pytest

from recsys_dagster.recommend.answer import Because, Recommendation
from recsys_dagster_tests.streamlit_app.driving import page, run, words
from recsys_dagster_tests.streamlit_app.fake import FakeRecommender, FakeShelf, serving
from recsys_dagster_tests.streamlit_app.released import release
from streamlit_app.parts import comparing
from streamlit_app.parts.words import plain


def song(song_id: int, rank: int = 1, title: str = "T") -> Recommendation:
    return Recommendation(rank, song_id, "A", title, 0.5, ("svd",), Because((), ()))


@pytest.mark.slow
def test_methods_stand_side_by_side_on_the_picked_songs(shelf: FakeShelf) -> None:
    shelf.put(release())
    seen = run(page("quality", songs="0,2"))
    assert seen.multiselect(key="compare").value == ["hybrid", "svd", "knn"]
    assert [one.value for one in seen.subheader] == ["Hybrid", "SVD", "KNN"]
    assert "stand in more than one list, and are marked" in words(seen)
    seen.multiselect(key="compare").set_value(["popular", "items"])
    assert [one.value for one in run(seen).subheader] == ["Popular", "Same listeners"]
    seen.multiselect(key="compare").set_value(["popular"])
    seen = run(seen)
    assert not seen.subheader
    assert "Choose at least two methods" in words(seen)


@pytest.mark.slow
def test_without_songs_it_says_where_to_pick_them(shelf: FakeShelf) -> None:
    shelf.put(serving())
    seen = run(page("quality"))
    assert "Pick a song or more on Discover" in words(seen)
    assert not seen.multiselect


@pytest.mark.slow
def test_each_method_is_asked_for_ten_songs_and_may_refuse(shelf: FakeShelf) -> None:
    shelf.put(serving(recommender=FakeRecommender(refuses={"knn": "No <audio> features."})))
    seen = run(page("quality", songs="1"))
    assert plain("No <audio> features.") in words(seen)
    lists = [str(one.value) for one in seen.markdown if str(one.value).startswith("1. **")]
    assert len(lists) == 2
    assert all(len(one.splitlines()) == 2 * comparing.SONGS for one in lists)
    assert all(one.count("in 2 lists") == comparing.SONGS for one in lists)


def test_what_only_one_list_has_is_not_marked() -> None:
    lists: comparing.Lists = {
        "svd": [song(1), song(2)],
        "knn": [song(2)],
        "items": "no",
        "seed": [],
    }
    times = comparing.listed(lists)
    both = [song(1), song(2, 2, "$x$")]
    first, _, second, _ = comparing.as_markdown(both, times).splitlines()
    assert "lists" not in first
    assert second.startswith(f"2. **{plain('$x$')}** :violet-badge[")
    assert comparing.in_short(lists).startswith("1 song of 2 stands in more than one list")
    assert comparing.in_short({"svd": [song(1)]}) == "No song stands in more than one list."
