from collections import Counter
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening import listens as room
from recsys_dagster.listening.listens import scan_listens, sync_listens
from recsys_dagster.listening.reading import Reading, read_history
from recsys_dagster.storage.atomic import write_json
from recsys_dagster_tests.listening.histories import HEADER, Listen, listens, write_history

Reads = list[str]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """The files that are read, in order."""
    names: Reads = []

    def counted(path: Path, target: Path) -> Reading:
        names.append(path.name)
        return read_history(path, target)

    monkeypatch.setattr(room, "read_history", counted)
    return names


def rows(table: Path) -> Counter[Listen]:
    return Counter(scan_listens(table).select("user", "artist", "title").collect().rows())


def contents(table: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in table.iterdir()}


def test_a_file_is_read_once_and_a_removed_one_is_gone(tmp_path: Path, reads: Reads) -> None:
    table = tmp_path / "listens"
    first, second = listens(1, 50), listens(2, 70)
    one = write_history(tmp_path / "one.csv", first)
    two = write_history(tmp_path / "two.csv", second)
    assert sync_listens([one], table).listens == 50
    assert sync_listens([one, two], table).listens == 120
    assert reads == ["one.csv", "two.csv"]
    assert rows(table) == Counter(first) + Counter(second)
    sync_listens([two], table)
    assert rows(table) == Counter(second)
    assert reads == ["one.csv", "two.csv"]


def test_doing_it_twice_and_a_renamed_file_change_no_byte(tmp_path: Path, reads: Reads) -> None:
    table = tmp_path / "listens"
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    first = sync_listens([path], table)
    before = contents(table)
    assert sync_listens([path], table) == first
    renamed = path.rename(tmp_path / "other.csv")
    assert sync_listens([renamed], table).readings[0].file == "other.csv"
    assert contents(table) == before
    assert len(reads) == 1


def test_another_folder_gets_the_same_bytes(tmp_path: Path) -> None:
    files = [write_history(tmp_path / f"{n}.csv", listens(n, 40), day=n + 1) for n in range(3)]
    sync_listens(files, tmp_path / "a")
    sync_listens(files[:1], tmp_path / "b")
    sync_listens(files[::-1], tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_same_content_twice_counts_once(tmp_path: Path) -> None:
    played = listens(1, 50)
    files = [write_history(tmp_path / name, played) for name in ("one.csv", "two.csv")]
    table = sync_listens(files, tmp_path / "listens")
    assert table.listens == 50
    assert table.refused == ("two.csv is the same as one.csv: once only.",)
    assert rows(tmp_path / "listens") == Counter(played)


def test_files_that_cannot_be_used_are_named_and_the_others_read(tmp_path: Path) -> None:
    empty, foreign = tmp_path / "empty.csv", tmp_path / "foreign.csv"
    empty.touch()
    foreign.write_text("a,b\n1,2\n")
    good = write_history(tmp_path / "good.csv", listens(1, 50))
    table = sync_listens([empty, foreign, good], tmp_path / "listens")
    assert table.listens == 50
    assert [text.split(",")[0].split(" ")[0] for text in table.refused] == [
        "empty.csv",
        "foreign.csv",
    ]


def test_without_any_listen_the_table_stays(tmp_path: Path) -> None:
    table = tmp_path / "listens"
    sync_listens([write_history(tmp_path / "good.csv", listens(1, 50))], table)
    before = rows(table)
    header = tmp_path / "header.csv"
    header.write_text(",".join(HEADER) + "\n")
    broken = tmp_path / "broken.csv"
    broken.write_text(",".join(HEADER) + "\n1,2\n")
    with pytest.raises(RecsysError, match="There is no listening history"):
        sync_listens([], table)
    with pytest.raises(RecsysError, match=r"header\.csv has a header and no rows"):
        sync_listens([header], table)
    with pytest.raises(RecsysError, match=r"broken\.csv, line 2: an incomplete line"):
        sync_listens([broken], table)
    assert rows(table) == before


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("moment", ["before", "between"])
def test_a_kill_leaves_nothing_half(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`between`: the report is written, the table is not."""
    played = listens(1, 50)
    path = write_history(tmp_path / "one.csv", played)
    table = tmp_path / "listens"

    def killed(target: Path, document: object) -> None:
        if moment == "between":
            write_json(target, document)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(room, "write_json", killed)
        with pytest.raises(KilledError):
            sync_listens([path], table)
    assert not list(table.glob("*.parquet"))
    sync_listens([path], table)
    undisturbed = tmp_path / "undisturbed"
    sync_listens([path], undisturbed)
    assert contents(table) == contents(undisturbed)


@pytest.mark.parametrize("survivor", [".json", ".parquet"])
def test_a_kill_in_the_middle_of_a_removal_is_no_harm(survivor: str, tmp_path: Path) -> None:
    """A part is two files: one may be gone already when its history comes back."""
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    table = tmp_path / "listens"
    sync_listens([path], table)
    before = contents(table)
    [gone] = [file for file in table.iterdir() if file.suffix != survivor]
    gone.unlink()
    sync_listens([path], table)
    assert contents(table) == before


def test_leftovers_of_a_kill_are_removed(tmp_path: Path) -> None:
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    table = tmp_path / "listens"
    table.mkdir()
    (table / ".tmp-abc-x.parquet").write_bytes(b"half")
    sync_listens([path], table)
    assert len(contents(table)) == 2
    assert sum(rows(table).values()) == 50


def test_odd_characters_in_the_data_folder(tmp_path: Path) -> None:
    path = write_history(tmp_path / "[my] music*" / "o[n]e?.csv", listens(1, 50))
    table = tmp_path / "[my] music*" / "listens"
    assert sync_listens([path], table).listens == 50
    assert sum(rows(table).values()) == 50
