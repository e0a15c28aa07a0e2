from typing import Any

import pytest

from recsys_dagster_tests.streamlit_app.driving import words
from recsys_dagster_tests.streamlit_app.fake import FakeShelf, serving
from recsys_dagster_tests.streamlit_app.test_quality import quality
from streamlit_app.parts import coverage

FIGURES: dict[str, Any] = {
    "features_by_source": {"catalogue": 30, "catalogue+reccobeats": 5},
    "missing_by_reason": {"not_found": 60, "blocked": 5, "error": 0},
    "songs_with_features": 35,
    "share_of_plays_with_features": 0.42,
}


def test_every_song_is_in_one_row() -> None:
    rows = coverage.rows(FIGURES)
    assert [(row["What"], row["Songs"]) for row in rows] == [
        ("Catalogue files", 30),
        ("Catalogue files and ReccoBeats", 5),
        ("No source knows them", 60),
        ("The service wants to be asked later", 5),
    ]
    assert sum(row["Share"] for row in rows) == pytest.approx(1)


def test_the_bar_holds_all_songs_and_is_told_in_words() -> None:
    spec = coverage.bar(FIGURES)
    assert spec is not None
    assert spec["xAxis"]["max"] == sum(series["data"][0] for series in spec["series"]) == 100
    assert "No source knows them: 60 songs" in coverage.describe(FIGURES)


@pytest.mark.parametrize("figures", [{}, {"features_by_source": None}, {"missing_by_reason": {}}])
def test_an_older_release_does_not_say(figures: dict[str, Any]) -> None:
    assert coverage.bar(figures) is None


@pytest.mark.slow
def test_the_page_shows_the_coverage(shelf: FakeShelf) -> None:
    shelf.put(serving(figures=FIGURES))
    page = quality()
    assert "The sound of 35 songs is known. They are 42% of all plays." in words(page)
    assert list(page.dataframe[1].value["Songs"]) == [30, 5, 60, 5]
