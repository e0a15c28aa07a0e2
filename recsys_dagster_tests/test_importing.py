import io
import os
import zipfile
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.files import zips
from recsys_dagster.importing import Imported, ImportReport, import_paths
from recsys_dagster.storage.layout import Layout

HISTORY = b",Username,Artist,Track,Album,Date,Time\n0,u,A,T,L,31 Jan 2021, 10:00\n"
OTHER = HISTORY.replace(b"T,L", b"U,L")
CATALOGUE = b"artist,title,energy,key\nA,T,0.5,12\n,U,0.5,1\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Where the user's own files lie."""
    folder = tmp_path / "own"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, content: bytes = HISTORY) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def make_zip(folder: Path, members: dict[str, bytes], name: str = "z.zip") -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def only(report: ImportReport) -> Imported:
    assert not report.refused
    [one] = report.imported
    return one


def refusal(report: ImportReport) -> str:
    assert not report.imported
    [(_, reason)] = report.refused
    return reason


def test_a_history_and_a_catalogue_are_told_by_their_content(own: Path, layout: Layout) -> None:
    files = [put(own, "b.txt", CATALOGUE), put(own, "a.dat")]
    before = contents(own)
    catalogue, history = import_paths(files, layout).imported
    assert (history.kind, history.rows, history.listens, history.songs) == ("history", 1, 1, None)
    assert (catalogue.kind, catalogue.rows, catalogue.songs) == ("features", 2, 1)
    assert "b.txt: 1 rows left out: no artist" in catalogue.remarks
    assert contents(layout.root) == {"raw/features/b.txt": CATALOGUE, "raw/history/a.dat": HISTORY}
    assert contents(own) == before


def test_a_parquet_catalogue(own: Path, layout: Layout) -> None:
    path = own / "[x].parquet"
    pl.DataFrame({"artist": ["A"], "title": ["T"], "energy": [0.5]}).write_parquet(path)
    assert only(import_paths([path], layout)).target == layout.catalogues / "[x].parquet"


def test_a_folder_is_taken_with_all_below_it(own: Path, layout: Layout) -> None:
    put(own, "deep/er/a.csv")
    put(own, "b.csv", OTHER)
    put(own, "c.csv", b"")
    put(own, ".hidden.csv", OTHER + b"\n")
    make_zip(own, {"in/z.csv": CATALOGUE})
    report = import_paths([own], layout)
    assert [(one.file, one.kind) for one in report.imported] == [
        ("b.csv", "history"), ("a.csv", "history"), ("z.zip/in/z.csv", "features"),
    ]  # fmt: skip
    assert [name for name, _ in report.refused] == ["c.csv"]


def test_the_same_content_is_already_there_whatever_its_name(own: Path, layout: Layout) -> None:
    first = only(import_paths([put(own, "a.csv")], layout))
    assert not first.already_there
    for path in (own / "a.csv", put(own, "b.csv"), make_zip(own, {"c.csv": HISTORY})):
        again = only(import_paths([path], layout))
        assert again.already_there
        assert again.target == first.target
    assert contents(layout.root) == {"raw/history/a.csv": HISTORY}


def test_another_content_under_the_same_name_gets_a_number(own: Path, layout: Layout) -> None:
    for number, content in enumerate([HISTORY, OTHER, HISTORY + OTHER.splitlines()[1]]):
        import_paths([put(own, f"{number}/a.csv", content)], layout)
    assert sorted(contents(layout.history)) == ["a-2.csv", "a-3.csv", "a.csv"]
    assert contents(layout.history)["a.csv"] == HISTORY


def test_what_cannot_be_used_is_refused_and_the_rest_is_taken(own: Path, layout: Layout) -> None:
    bad = {
        "empty.csv": b"", "header.csv": HISTORY.splitlines()[0], "foreign.csv": b"a,b\n1,2\n",
        "utf16.csv": HISTORY.decode().encode("utf-16"), "zero.parquet": b"",
        "lacks.csv": b"Username,Artist,Track,Album,Time\nu,a,t,l,10:00\n",
        "nothing.csv": b"artist,title,energy\nA,T,7\n", "picture.png": b"\x89PNG\r\n\x1a\n\0\0",
        "broken.csv": HISTORY.splitlines()[0] + b"\n1,2\n",
    }  # fmt: skip
    files = [put(own, name, content) for name, content in bad.items()]
    report = import_paths([*files[:4], put(own, "good.csv"), *files[4:]], layout)
    assert [one.file for one in report.imported] == ["good.csv"]
    assert [name for name, _ in report.refused] == list(bad)
    for name, reason in report.refused:
        assert reason.startswith(name)
        assert "\n" not in reason
    reasons = dict(report.refused)
    assert "which column is the date?" in reasons["lacks.csv"]
    assert "UTF-16" in reasons["utf16.csv"]
    assert "neither a listening history nor a catalogue" in reasons["foreign.csv"]
    assert "no rows" in reasons["header.csv"]
    assert "line 2: an incomplete line" in reasons["broken.csv"]
    assert list(contents(layout.root)) == ["raw/history/good.csv"]


def test_a_path_that_is_not_there(own: Path, layout: Layout) -> None:
    for path in (own / "missing.csv", own / ("x" * 300)):
        assert str(path) in refusal(import_paths([path], layout))
    assert not layout.root.exists()


@pytest.mark.parametrize("made", ["folder", "zip", "hidden"])
def test_what_holds_no_file_is_said(made: str, own: Path, layout: Layout) -> None:
    path = own
    if made == "zip":
        path = make_zip(own, {})
    elif made == "hidden":
        put(own, "deep/.hidden.csv")
    assert "holds no files" in refusal(import_paths([path], layout))


def test_a_pipe_is_not_waited_for(own: Path, layout: Layout) -> None:
    os.mkfifo(own / "pipe")
    assert "no plain file" in refusal(import_paths([own / "pipe"], layout))


def test_a_file_that_may_not_be_read(own: Path, layout: Layout) -> None:
    path = put(own, "a.csv")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("this user may read everything")
    report = import_paths([path, put(own, "b.csv")], layout)
    assert [one.file for one in report.imported] == ["b.csv"]
    assert "Permission denied" in report.refused[0][1]


def test_a_hidden_file_that_is_named_is_imported_where_a_run_finds_it(
    own: Path, layout: Layout
) -> None:
    assert only(import_paths([put(own, ".a.csv")], layout)).target == layout.history / "a.csv"


def test_what_a_kill_left_behind_is_not_already_there(own: Path, layout: Layout) -> None:
    put(layout.history, ".tmp-0123456789ab-a.csv")
    imported = only(import_paths([put(own, "a.csv")], layout))
    assert not imported.already_there
    assert imported.target == layout.history / "a.csv"


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/evil.csv", "C:\\..\\evil.csv"])
def test_a_zip_cannot_write_outside(name: str, own: Path, layout: Layout, tmp_path: Path) -> None:
    before = {*contents(tmp_path), "own/z.zip", "data/raw/history/evil.csv"}
    imported = only(import_paths([make_zip(own, {name: HISTORY})], layout))
    assert imported.target == layout.history / "evil.csv"
    assert set(contents(tmp_path)) == before
    assert not Path("/etc/evil.csv").exists()


def test_two_members_of_the_same_name_are_both_taken(own: Path, layout: Layout) -> None:
    import_paths([make_zip(own, {"x/a.csv": HISTORY, "y/a.csv": OTHER})], layout)
    assert contents(layout.history) == {"a.csv": HISTORY, "a-2.csv": OTHER}


def test_a_zip_in_a_zip_is_refused_and_the_rest_is_taken(own: Path, layout: Layout) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("a.csv", HISTORY)
    path = make_zip(own, {"inner.ZIP": inner.getvalue(), "a.csv": HISTORY})
    report = import_paths([path], layout)
    assert [one.listens for one in report.imported] == [1]
    assert [reason for _, reason in report.refused if "holds the zip 'inner.ZIP'" in reason]


def test_a_bomb_is_refused(own: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MAX_UNPACKED", 1_000)
    path = make_zip(own, {"a.csv": HISTORY + b"\n" * 1_000_000, "b.csv": HISTORY})
    assert "would unpack to" in refusal(import_paths([path], layout))
    assert not layout.root.exists()


def test_a_damaged_member_costs_itself_alone(own: Path, layout: Layout) -> None:
    path = make_zip(own, {"bad.csv": HISTORY * 9, "good.csv": OTHER})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\1\2") + 16] ^= 0xFF  # its checksum
    path.write_bytes(content)
    report = import_paths([path], layout)
    assert [one.file for one in report.imported] == ["z.zip/good.csv"]
    [(name, reason)] = report.refused
    assert name == "z.zip/bad.csv"
    assert reason.startswith("z.zip: bad.csv cannot be unpacked")


@pytest.mark.parametrize("damage", ["directory", "cut"])
def test_a_damaged_zip_is_refused_and_the_rest_is_taken(
    damage: str, own: Path, layout: Layout
) -> None:
    path = make_zip(own, {"a.csv": HISTORY})
    content = bytearray(path.read_bytes())
    if damage == "directory":
        central = content.index(b"PK\1\2")
        content[central : central + 4] = b"XXXX"
    else:
        del content[-30:]
    path.write_bytes(content)
    report = import_paths([path, put(own, "b.csv")], layout)
    assert [one.file for one in report.imported] == ["b.csv"]
    assert [name for name, _ in report.refused] == ["z.zip"]


def test_nothing_is_left_in_the_temporary_folder(
    own: Path, layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    import_paths([make_zip(own, {"a.csv": HISTORY, "b.csv": b""}), put(own, "c.csv")], layout)
    assert list(temporary.iterdir()) == []


def test_a_report_is_what_the_command_prints(own: Path, layout: Layout) -> None:
    document = only(import_paths([put(own, "a.csv")], layout)).to_dict()
    assert document == {
        "file": "a.csv", "kind": "history", "format": "Last.fm CSV", "rows": 1, "listens": 1,
        "songs": None, "remarks": [], "already_there": False, "listener": None, "left_out": {},
        "target": str(layout.history / "a.csv"),
    }  # fmt: skip
