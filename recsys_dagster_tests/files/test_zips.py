import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.files import zips
from recsys_dagster.files.names import safe_relative
from recsys_dagster.files.zips import count_members, is_zip, unpacked

MEGABYTE = 1 << 20
ENCRYPTED = 0x1
CENTRAL = b"PK\1\2"


def make_zip(path: Path, members: list[tuple[str, bytes]]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that stand twice
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members:
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def read(path: Path) -> tuple[list[tuple[str, bytes]], list[tuple[str, str]]]:
    """All that comes out of a zip, and what does not."""
    with unpacked(path) as (members, refused):
        found = [(str(relative), file.read_bytes()) for file, relative in members]
    return found, refused


def patch(path: Path, at: int, form: str, *values: int) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, at, *values)
    path.write_bytes(content)


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def test_files_come_with_their_path_one_at_a_time(tmp_path: Path, temporary: Path) -> None:
    members = [("listens/2023/1.jsonl", b"a"), ("listens/2024/1.jsonl", b"b"), ("user.json", b"c")]
    path = make_zip(tmp_path / "z.zip", [("listens/", b""), *members])
    with unpacked(path) as (files, refused):
        assert len(files) == count_members(path) == 3
        for (file, relative), (name, content) in zip(files, members, strict=True):
            assert relative == PurePosixPath(name)
            assert file.name == relative.name
            assert file.read_bytes() == content
            assert list(files_below(temporary)) == [file]
        assert list(files_below(temporary)) == []
    assert refused == []
    assert list(temporary.iterdir()) == []


def test_nothing_stays_behind_when_the_reader_fails(tmp_path: Path, temporary: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.json", b"a"), ("b.json", b"b")])

    def fail() -> None:
        with unpacked(path) as (members, _):
            for file, _ in members:
                raise KeyError(file)

    with pytest.raises(KeyError):
        fail()
    assert list(temporary.iterdir()) == []


SAFE = {
    "a.json": "a.json", "a/b/c.json": "a/b/c.json", "a//./b.json": "a/b.json",
    "../../evil.csv": "evil.csv", "a/../../evil.csv": "a/evil.csv", "/etc/evil.csv": "etc/evil.csv",
    "//server/evil.csv": "server/evil.csv", "..\\..\\evil.csv": "evil.csv",
    "a\\b.json": "a/b.json", "C:\\x\\evil.csv": "x/evil.csv", "C:evil.csv": "evil.csv",
    "c:/../evil.csv": "evil.csv", "a/b:stream.csv": "a/b_stream.csv", 'a"<>|*?.csv': "a______.csv",
    "a\n\x1b[31m.csv": "a__[31m.csv", " a / b .csv ": "a/b .csv", "a./b.": "a/b",
    "Zoe\u0308.csv": "Zo\u00eb.csv", "a\udcff.csv": "a_.csv", "anna@x.org/b.json": "anna/b.json",
    "...": None, "..": None, ".": None, "": None, "a/..": None, "a/": None, " ": None, "/": None,
    ".hidden.csv": None, "a/.git/b.csv": None, "__MACOSX/a.csv": None, "C:": None,
    "1/2/3/4/5/6/7/8/9/a.csv": "3/4/5/6/7/8/9/a.csv",
}  # fmt: skip


@pytest.mark.parametrize(("name", "safe"), SAFE.items())
def test_a_path_is_made_safe(name: str, safe: str | None) -> None:
    assert safe_relative(name) == (None if safe is None else PurePosixPath(safe))


@given(st.text() | st.text("./\\C: \0a", max_size=40) | st.text("ä.", min_size=100, max_size=300))
def test_a_safe_path_stays_where_it_is_put(name: str) -> None:
    path = safe_relative(name)
    if path is None:
        return
    assert not path.is_absolute()
    assert 1 <= len(path.parts) <= 8
    for part in path.parts:
        assert not part.startswith(".")
        assert not set(part) & set('\\:*?"<>|\0\n')
        assert len(part.encode()) <= 120
    assert safe_relative(str(path)) == path


def test_a_long_name_is_cut_and_keeps_its_ending(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("ä" * 5_000 + ".json", b"a"), ("b/" * 5_000 + "c", b"b")])
    [(first, content), (second, _)], refused = read(path)
    assert (len(first.encode()), content, refused) == (119, b"a", [])
    assert first == "ä" * 57 + ".json"
    assert second == "b/" * 7 + "c"


def test_members_of_one_name_all_come(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.json", b"1"), ("a.json", b"2"), ("../a.json", b"3")])
    assert read(path)[0] == [("a.json", b"1"), ("a.json", b"2"), ("a.json", b"3")]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_skipped(kind: int, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.csv")
    link.create_system, link.external_attr = 3, (kind | 0o777) << 16
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("b.csv", b"b")
    assert read(path) == ([("b.csv", b"b")], [])


@pytest.mark.parametrize("name", ["inner.ZIP", "history.json"])
@pytest.mark.parametrize("empty", [False, True])
def test_a_zip_in_a_zip_is_refused_by_its_content(name: str, empty: bool, tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        if not empty:
            archive.writestr("a.csv", "a")
    path = make_zip(tmp_path / "z.zip", [(f"x/{name}", inner.getvalue()), ("b.csv", b"b")])
    found, [(shown, reason)] = read(path)
    assert found == [("b.csv", b"b")]
    assert shown == f"z.zip/x/{name}"
    assert f"z.zip holds the zip '{name}', which is not opened" in reason


@pytest.mark.parametrize("damage", ["checksum", "stream", "encrypted", "method", "name", "offset"])
def test_a_damaged_member_costs_itself_alone(damage: str, tmp_path: Path, temporary: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("x/bad.csv", b"bad" * 99), ("good.csv", b"good")])
    content = path.read_bytes()
    central = content.index(CENTRAL)
    if damage == "checksum":
        patch(path, central + 16, "<L", 1)
    elif damage == "stream":
        patch(path, 30 + len("x/bad.csv"), "<L", 2**32 - 1)
    elif damage == "encrypted":
        patch(path, 6, "<H", ENCRYPTED)
        patch(path, central + 8, "<H", ENCRYPTED)
    elif damage == "method":
        patch(path, central + 10, "<H", 99)
    elif damage == "name":
        patch(path, 30, "<B", ord("y"))
    else:
        patch(path, central + 42, "<L", 2**31)
    found, [(shown, reason)] = read(path)
    assert found == [("good.csv", b"good")]
    assert shown == "z.zip/x/bad.csv"
    assert reason.startswith("z.zip: x/bad.csv cannot be unpacked")
    assert ("it is encrypted" in reason) == (damage == "encrypted")
    assert len(reason) < 250
    assert list(temporary.iterdir()) == []


def test_a_member_that_is_bigger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.csv", b"a" * 1_000), ("b.csv", b"b")])
    patch(path, path.read_bytes().index(CENTRAL) + 24, "<L", 10)
    found, [(shown, _)] = read(path)
    assert found == [("b.csv", b"b")]
    assert shown == "z.zip/a.csv"


@pytest.mark.parametrize("damage", ["no directory", "cut", "name", "zeros", "nothing"])
def test_a_damaged_zip_is_refused(damage: str, tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.zip", [("ä.csv", b"a" * 99)])
    content = path.read_bytes()
    central = content.index(CENTRAL)
    if damage == "no directory":
        path.write_bytes(content.replace(CENTRAL, b"XXXX"))
    elif damage == "cut":
        path.write_bytes(content[:-30])
    elif damage == "name":  # it says that its name is UTF-8
        path.write_bytes(content[: central + 46] + b"\xff" + content[central + 47 :])
    else:
        path.write_bytes(b"PK\3\4" + b"\0" * 99 if damage == "zeros" else b"")
    with pytest.raises(RecsysError, match=r"z\.zip is a damaged zip"), unpacked(path):
        pass
    assert count_members(path) == 0


def test_a_zip_is_told_by_its_content(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "z.csv", [("a.csv", b"a")])
    empty = make_zip(tmp_path / "empty.csv", [])
    cut = tmp_path / "cut.zip"
    cut.write_bytes(path.read_bytes()[:-30])
    text = tmp_path / "text.zip"
    text.write_bytes(b"PK,artist\n")
    assert [is_zip(one) for one in (path, empty, cut, text)] == [True, True, True, False]


def test_an_office_document_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "table.xlsx", [("[Content_Types].xml", b""), ("xl/a.xml", b"")])
    with pytest.raises(RecsysError, match="Save the table that is in it as CSV"), unpacked(path):
        pass


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_UNPACKED", 1_000, "would unpack to"),
        ("_RATIO_MATTERS_FROM", 1_000, "200 times its size"),
        ("MAX_MEMBERS", 1, "holds 2 files; at most 1"),
        ("_MAX_DIRECTORY", 100, "lists its files on"),
    ],
)
def test_a_bomb_is_refused_before_it_is_unpacked(
    limit: str,
    value: int,
    message: str,
    tmp_path: Path,
    temporary: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.csv", b"\n" * MEGABYTE), ("b.csv", b"b")])
    assert len(read(path)[0]) == 2
    monkeypatch.setattr(zips, limit, value)
    with pytest.raises(RecsysError, match=message), unpacked(path):
        pass
    assert list(temporary.iterdir()) == []


def test_members_that_lie_over_each_other_are_a_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One packed megabyte, listed a hundred times: each alone is within the ratio."""
    monkeypatch.setattr(zips, "_RATIO_MATTERS_FROM", MEGABYTE)
    path = make_zip(tmp_path / "z.zip", [("a.csv", bytes(range(256)) * (MEGABYTE // 256))])
    content = path.read_bytes()
    central, end = content.index(CENTRAL), content.index(b"PK\5\6")
    entry, times = content[central:end], 1_000
    tail = bytearray(content[end:])
    struct.pack_into("<HHL", tail, 8, times, times, len(entry) * times)
    path.write_bytes(content[:central] + entry * times + bytes(tail))
    with zipfile.ZipFile(path) as archive:
        packed = sum(member.compress_size for member in archive.infolist())
        assert sum(member.file_size for member in archive.infolist()) < 400 * packed
    with pytest.raises(RecsysError, match="would unpack to"), unpacked(path):
        pass


class Endless(io.RawIOBase):
    """A member that never ends, whatever the zip says."""

    def read(self, size: int = -1) -> bytes:
        return b"0" * size


def test_what_really_comes_out_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.csv", b"a"), ("b.csv", b"b")])
    monkeypatch.setattr(zips, "_RATIO_MATTERS_FROM", 3 * MEGABYTE)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: Endless())
    written = []
    monkeypatch.setattr(
        Path, "unlink", lambda self, **_: written.append(self.exists() and self.stat().st_size)
    )
    found, refused = read(path)
    assert found == []
    assert [name for name, _ in refused] == ["z.zip/a.csv", "z.zip/b.csv"]
    assert "far more than it says" in refused[0][1]
    assert sum(written) <= 3 * MEGABYTE


def test_a_zip_that_is_compressed_as_usual_is_no_bomb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zips, "_RATIO_MATTERS_FROM", 1_000)
    lines = b"".join(b'{"listened_at":%d,"track":"T%d"}\n' % (n * 977, n) for n in range(9_000))
    assert read(make_zip(tmp_path / "z.zip", [("a.jsonl", lines)])) == ([("a.jsonl", lines)], [])


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as small:
        small.setattr(zipfile, "ZIP64_LIMIT", 10)
        small.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
        path = make_zip(tmp_path / "z.zip", [("a.csv", b"a" * 99), ("b.csv", b"b" * 99)])
    assert b"PK\x06\x06" in path.read_bytes()
    assert [name for name, _ in read(path)[0]] == ["a.csv", "b.csv"]
    end = path.read_bytes().rindex(b"PK\5\6")
    for said in (0xFFFFFFFF, 7):  # it is the zip64 size that counts
        patch(path, end + 12, "<L", said)
        assert len(read(path)[0]) == 2
        with monkeypatch.context() as strict:
            strict.setattr(zips, "_MAX_DIRECTORY", 50)
            with pytest.raises(RecsysError, match="lists its files on"), unpacked(path):
                pass


def test_a_full_disk_costs_the_member(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_zip(tmp_path / "z.zip", [("a.csv", b"a"), ("b.csv", b"b")])
    really, calls = zipfile.ZipFile.open, iter(range(9))

    def full_at_first(*arguments: object) -> object:
        if next(calls) == 0:
            raise OSError(28, "No space left on device")
        return really(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "open", full_at_first)
    found, [(_, reason)] = read(path)
    assert found == [("b.csv", b"b")]
    assert "No space left" in reason
