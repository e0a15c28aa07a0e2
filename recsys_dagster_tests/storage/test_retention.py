from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.retention import delete_old
from recsys_dagster_tests.storage.shelves import damage, publish


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def releases(layout: Layout) -> Releases:
    return Releases(layout.releases)


def notes(releases: Releases) -> list[str]:
    return [(releases._directory / one / "note").read_text() for one in releases.ids()]


def make(layout: Layout, count: int) -> list[str]:
    return [publish(layout, str(number)).id for number in range(count)]


def test_the_newest_stay(layout: Layout, releases: Releases) -> None:
    ids = make(layout, 5)
    assert delete_old(layout, 3) == [ids[1], ids[0]]
    assert notes(releases) == ["4", "3", "2"]
    assert delete_old(layout, 3) == []
    names = {path.name for path in layout.releases.iterdir()}
    assert names == {*ids[2:], "CURRENT"}


def test_no_limit_deletes_nothing(layout: Layout, releases: Releases) -> None:
    make(layout, 4)
    assert delete_old(layout, 0) == []
    assert len(releases.ids()) == 4


def test_the_current_one_stays_and_the_one_read_where_it_is_damaged(
    layout: Layout, releases: Releases
) -> None:
    ids = make(layout, 6)
    for number in (3, 4):
        damage(releases.open(ids[number]))
    delete_old(layout, 1)
    assert releases.ids() == [ids[5], ids[2]]


def test_what_somebody_went_back_to_stays_also_after_the_next_refresh(
    layout: Layout, releases: Releases
) -> None:
    ids = make(layout, 4)
    releases.go_back(ids[0])
    publish(layout, "next")
    delete_old(layout, 1)
    assert set(notes(releases)) == {"next", "3", "0"}
    releases.delete(ids[0])
    assert releases.gone_back_to() == []


def test_the_release_of_the_stage_stays(layout: Layout, releases: Releases) -> None:
    ids = make(layout, 4)
    delete_old(layout, 1, [ids[1]])
    assert set(notes(releases)) == {"3", "2", "1"}


def test_nothing_is_deleted_while_no_release_is_current(layout: Layout, releases: Releases) -> None:
    make(layout, 4)
    (layout.releases / "CURRENT").write_bytes(b"\0")
    assert delete_old(layout, 1) == []
    assert len(releases.ids()) == 4


def test_the_current_one_cannot_be_deleted_by_hand(layout: Layout, releases: Releases) -> None:
    ids = make(layout, 2)
    with pytest.raises(RecsysError, match=f"{ids[1]} is the current one"):
        releases.delete(ids[1])
    with pytest.raises(RecsysError, match="There is no release"):
        releases.delete("../..")
    releases.delete(ids[0])
    assert releases.ids() == [ids[1]]


def test_a_file_of_kept_ones_that_is_damaged_keeps_none_and_stops_nothing(
    layout: Layout, releases: Releases
) -> None:
    ids = make(layout, 3)
    (layout.releases / "KEPT").write_bytes(b"\xff\0../.. \n" + ids[0].encode() + b"\n")
    assert releases.gone_back_to() == [ids[0]]


def test_an_open_file_of_a_deleted_release_can_be_read_on(
    layout: Layout, releases: Releases
) -> None:
    import numpy as np

    ids = make(layout, 1)
    array = releases.open(ids[0]).path / "array.npy"
    np.save(array, np.arange(100_000))
    mapped = np.load(array, mmap_mode="r")
    publish(layout, "next")
    releases.delete(ids[0])
    assert not array.exists()
    assert int(mapped.sum()) == 100_000 * 99_999 // 2
