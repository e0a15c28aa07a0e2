from pathlib import Path

import pytest

from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import RawFiles, find_raw_files


def put(root: Path, *names: str) -> Layout:
    for name in names:
        path = root / "raw" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return Layout(root)


def names(found: RawFiles, layout: Layout) -> list[str]:
    raw = layout.root / "raw"
    return [path.relative_to(raw).as_posix() for path in (*found.history, *found.catalogues)]


DEMO = ("history/demo/Last.fm_data.csv", "features/demo/catalogue.csv")


def test_nothing_there(tmp_path: Path) -> None:
    assert find_raw_files(Layout(tmp_path)) == RawFiles((), (), demo=False)


def test_the_demo_world_alone(tmp_path: Path) -> None:
    layout = put(tmp_path, *DEMO, "features/mine.csv")
    found = find_raw_files(layout)
    assert found.demo
    assert names(found, layout) == [DEMO[0], DEMO[1], "features/mine.csv"]


@pytest.mark.parametrize("own", ["history/mine.csv", "history/deep/er/x.zip", "history/demo.csv",
                                 "history/demos/x.csv"])  # fmt: skip
def test_the_first_history_puts_the_demo_world_aside(tmp_path: Path, own: str) -> None:
    layout = put(tmp_path, *DEMO, own, "features/mine.csv")
    found = find_raw_files(layout)
    assert not found.demo
    assert names(found, layout) == [own, "features/mine.csv"]


def test_a_catalogue_without_any_history_is_not_the_demo_world(tmp_path: Path) -> None:
    layout = put(tmp_path, "features/demo/catalogue.csv", "features/mine.csv")
    found = find_raw_files(layout)
    assert not found.demo
    assert names(found, layout) == ["features/mine.csv"]


@pytest.mark.parametrize("hidden", ["history/.DS_Store", "history/.tmp-0123456789ab-x.csv",
                                    "history/.git/x.csv", "history/a/.hidden/b/x.csv"])  # fmt: skip
def test_hidden_and_temporary_files_are_no_history(tmp_path: Path, hidden: str) -> None:
    layout = put(tmp_path, *DEMO, hidden, hidden.replace("history", "features"))
    found = find_raw_files(layout)
    assert found.demo
    assert names(found, layout) == list(DEMO)


def test_a_data_folder_below_a_hidden_one_is_read(tmp_path: Path) -> None:
    layout = put(tmp_path / ".cache" / "data", "history/mine.csv")
    assert names(find_raw_files(layout), layout) == ["history/mine.csv"]


def test_hashes_go_by_name_and_content(tmp_path: Path) -> None:
    layout = put(tmp_path, "history/a.csv", "history/b/c.csv", "features/d.csv")
    before = find_raw_files(layout)
    history, catalogues = (before.hashes(layout, kind) for kind in ("history", "catalogues"))
    assert list(history) == ["a.csv", "b/c.csv"]
    assert list(catalogues) == ["d.csv"]
    (layout.history / "a.csv").write_text("other")
    after = find_raw_files(layout)
    changed = after.hashes(layout, "history")
    assert [name for name in history if history[name] != changed[name]] == ["a.csv"]
    assert catalogues == after.hashes(layout, "catalogues")


@pytest.mark.parametrize("kind", ["history", "features"])
def test_a_link_that_leads_out_is_not_read_and_said(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("root:x:0:0")
    layout = put(tmp_path / "data", f"{kind}/me.csv")
    folder = layout.root / "raw" / kind
    (folder / "passwd.csv").symlink_to(secret)
    (folder / "relative.csv").symlink_to("../../../secret.csv")
    (folder / "device").symlink_to("/dev/zero")
    (folder / "nowhere").symlink_to("/nowhere")
    (folder / "loop").symlink_to("loop")
    (folder / "all").symlink_to(tmp_path)
    (folder / "twin.csv").symlink_to("me.csv")
    found = find_raw_files(layout)
    assert names(found, layout) == [f"{kind}/me.csv", f"{kind}/twin.csv"]
    assert [file.name for file in found.strays] == ["passwd.csv", "relative.csv"]
    assert "passwd.csv is a link that leads out" in found.remarks()[0]


def test_a_data_folder_that_is_a_link_is_read(tmp_path: Path) -> None:
    layout = put(tmp_path / "disk", "history/me.csv")
    (tmp_path / "data").symlink_to(layout.root)
    other = Layout(tmp_path / "data")
    assert names(find_raw_files(other), other) == ["history/me.csv"]
    assert find_raw_files(other).remarks() == []
