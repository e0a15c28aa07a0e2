import tomllib
from pathlib import Path

import pytest
import streamlit as st

import streamlit_app
from recsys_dagster_tests.streamlit_app.driving import app, keys, run, words
from recsys_dagster_tests.streamlit_app.fake import (
    FakeRecommender,
    FakeShelf,
    made_up_songs,
    serving,
)
from streamlit_app.parts.serving import Serving

pytestmark = pytest.mark.slow


def test_an_empty_data_folder_says_what_to_do(shelf: FakeShelf) -> None:
    page = run(app())
    assert "Nothing released yet" in words(page)
    assert [block.value for block in page.code] == [
        "recsys run",
        "recsys import FILE…\nrecsys run",
    ]
    shelf.put(serving())
    assert "Discover" in words(run(page))


def test_an_empty_folder_of_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("recsys_dagster.storage.releases")
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    st.cache_resource.clear()
    assert "Nothing released yet" in words(run(app()))


def test_a_new_release_is_shown_on_the_next_rerun_and_picks_are_kept(shelf: FakeShelf) -> None:
    shelf.put(serving("first"))
    page = run(app("1,60"))
    assert "Release first" in words(page)
    shelf.put(serving("second", recommender=FakeRecommender(songs=made_up_songs(70))))
    page = run(page)
    assert "Release second" in words(page)
    assert "A new release is here" in words(page)
    assert keys(page, "drop-") == ["drop-1", "drop-60"]


def test_a_pick_that_a_new_release_lacks_is_dropped_with_a_note(shelf: FakeShelf) -> None:
    shelf.put(serving("first"))
    page = run(app("1,60"))
    shelf.put(serving("second", recommender=FakeRecommender(songs=made_up_songs(20))))
    page = run(page)
    assert keys(page, "drop-") == ["drop-1"]
    assert "1 picked song is not in this release" in words(page)
    assert page.query_params["songs"] == "1"


def test_a_damaged_release_leaves_the_last_good_one_and_says_so(shelf: FakeShelf) -> None:
    shelf.put(serving("good"))
    page = run(app("1"))
    shelf.current = "broken"
    page = run(page)
    assert "Release good" in words(page)
    assert "Release broken is damaged" in page.warning[0].value
    assert keys(page, "drop-") == ["drop-1"]
    shelf.put(serving("better"))
    page = run(page)
    assert "Release better" in words(page)
    assert not page.warning


def test_a_damaged_release_and_none_before_it(shelf: FakeShelf) -> None:
    shelf.current = "broken"
    page = run(app())
    assert "This release cannot be opened" in words(page)
    assert "Release broken is damaged" in page.warning[0].value


def test_a_fresh_app_with_a_damaged_release_goes_back_by_itself(shelf: FakeShelf) -> None:
    for name in ("first", "second", "third"):
        shelf.put(serving(name))
    shelf.current = "broken"
    page = run(app("1"))
    assert "Release third" in words(page)
    assert "you see another one, the last that is whole" in page.warning[0].value
    assert "Release broken is damaged" in page.warning[0].value
    assert shelf.current == "broken"
    shelf.put(serving("better"))
    page = run(page)
    assert "Release better" in words(page)
    assert not page.warning


def test_a_current_that_names_nothing(shelf: FakeShelf) -> None:
    shelf.put(serving("first"))
    shelf.current = None
    page = run(app())
    assert "Release first" in words(page)
    assert "No release is named as the current one" in page.warning[0].value


def test_what_may_not_stand_in_is_not_shown_on(
    shelf: FakeShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the made-up world that was open, where the listener's own release is damaged."""
    shelf.put(serving("made-up", demo=True))
    page = run(app())
    monkeypatch.setattr(shelf, "fallbacks", list)
    shelf.current = "broken"
    page = run(page)
    assert "This release cannot be opened" in words(page)


def test_a_folder_of_a_newer_version_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECSYS_DATA_DIR", str(tmp_path))
    (tmp_path / "format.json").write_text('{"format": 99}')
    st.cache_resource.clear()
    page = run(app())
    assert "of a newer version of this program" in page.warning[0].value
    assert [path.name for path in tmp_path.iterdir()] == ["format.json"]


def test_a_demo_world_is_called_one(shelf: FakeShelf) -> None:
    shelf.put(serving(demo=True))
    assert "made-up demo world" in words(run(app()))
    shelf.put(serving("own", demo=False))
    assert "made-up demo world" not in words(run(app()))


def test_the_footer_says_what_is_shown(shelf: FakeShelf) -> None:
    shelf.put(serving("r7"))
    said = run(app()).caption[-1].value
    for part in ("Release r7", "made 2 hours ago", "8,000 listens", "40 listeners", "300 songs"):
        assert part in said


def test_a_release_is_opened_once(shelf: FakeShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    really = shelf.open

    def count(release_id: str) -> Serving:
        opened.append(release_id)
        return really(release_id)

    monkeypatch.setattr(shelf, "open", count)
    shelf.put(serving())
    run(run(app()))
    run(app("1"))
    assert opened == ["r1"]


def test_the_config_is_where_streamlit_looks_for_it() -> None:
    config = Path(streamlit_app.__file__).parent / ".streamlit" / "config.toml"
    settings = tomllib.loads(config.read_text(encoding="utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["enableCORS"] is True
    assert settings["server"]["enableXsrfProtection"] is True
    assert settings["browser"]["gatherUsageStats"] is False
