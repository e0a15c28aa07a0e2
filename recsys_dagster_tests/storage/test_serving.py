import shutil
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.format import FORMAT
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases
from recsys_dagster.storage.serving import fallbacks, open_served
from recsys_dagster_tests.storage.shelves import damage, own_history, publish


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def note(release: Release) -> str:
    return (release.path / "note").read_text()


def current(layout: Layout) -> Path:
    return layout.releases / "CURRENT"


def test_the_current_release_is_served_without_a_warning(layout: Layout) -> None:
    publish(layout, "one")
    publish(layout, "two")
    served = open_served(layout, note)
    assert (served.opened, served.warning) == ("two", None)


def test_the_newest_whole_one_before_a_damaged_one_is_served(layout: Layout) -> None:
    made = [publish(layout, name) for name in ("one", "two", "three", "four")]
    for release in made[2:]:
        damage(release)
    before = current(layout).read_bytes()
    served = open_served(layout, note)
    assert (served.opened, served.release) == ("two", made[1])
    assert served.warning is not None
    assert "\n" not in served.warning
    for part in (made[3].id, "is damaged: note is not", made[1].id, "recsys run"):
        assert part in served.warning
    assert current(layout).read_bytes() == before


@pytest.mark.parametrize("error", [RecsysError, KeyError, TypeError, OSError])
def test_a_release_that_cannot_be_opened_is_passed_over_too(
    layout: Layout, error: type[Exception]
) -> None:
    publish(layout, "one")
    publish(layout, "two")

    def opening(release: Release) -> str:
        if note(release) == "two":
            raise error("two is of another kind")
        return note(release)

    served = open_served(layout, opening)
    assert served.opened == "one"
    assert "two is of another kind" in str(served.warning)


def test_after_a_rollback_those_before_come_before_those_after(layout: Layout) -> None:
    one, two, three, four = (publish(layout, name) for name in ("one", "two", "three", "four"))
    Releases(layout.releases).go_back(two.id)
    assert fallbacks(layout) == [one.id, four.id, three.id]
    damage(two)
    assert open_served(layout, note).opened == "one"
    damage(one)
    assert open_served(layout, note).opened == "four"


@pytest.mark.parametrize("state", ["gone", "empty", "garbage", "no such id", "a folder"])
def test_a_damaged_current_leads_to_the_newest_and_stays_as_it_is(
    layout: Layout, state: str
) -> None:
    publish(layout, "one")
    publish(layout, "two")
    path = current(layout)
    path.unlink()
    match state:
        case "empty":
            path.touch()
        case "garbage":
            path.write_bytes(b"\xff\0../..")
        case "no such id":
            path.write_text("20990101-000000-0123abcd\n")
        case "a folder":
            path.mkdir()
    served = open_served(layout, note)
    assert served.opened == "two"
    assert served.warning
    assert path.exists() == (state != "gone")
    assert path.is_dir() == (state == "a folder")


@pytest.mark.parametrize("lost", ["note", "manifest"])
def test_a_made_up_world_never_stands_in_for_a_listeners_own(layout: Layout, lost: str) -> None:
    own_history(layout.root)
    publish(layout, "made up", demo=True)
    own = publish(layout, "own")
    if lost == "note":
        damage(own)
    else:
        (own.path / "manifest.json").write_text("{}")
    with pytest.raises(RecsysError, match=f"{own.id} is damaged.*no other release to go back to"):
        open_served(layout, note)
    publish(layout, "own again")
    (layout.releases / "CURRENT").write_text(own.id)
    assert open_served(layout, note).opened == "own again"


def test_without_any_release_the_next_step_is_named(layout: Layout) -> None:
    with pytest.raises(RecsysError, match=r"Nothing has been released yet. Run `recsys run`"):
        open_served(layout, note)


def test_a_folder_of_a_newer_version_is_not_served(layout: Layout) -> None:
    publish(layout, "one")
    layout.format.write_text(f'{{"format": {FORMAT + 1}}}')
    with pytest.raises(RecsysError, match="newer version"):
        open_served(layout, note)


def test_a_release_that_went_while_it_is_current(layout: Layout) -> None:
    publish(layout, "one")
    two = publish(layout, "two")
    shutil.rmtree(two.path)
    assert open_served(layout, note).opened == "one"
