import errno
import shutil
from collections import Counter
from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening import parts as room
from recsys_dagster.listening.listens import ListensTable, scan_listens, sync_listens
from recsys_dagster.listening.reading import read_history
from recsys_dagster.listening.readings import Reading
from recsys_dagster.storage.atomic import write_json
from recsys_dagster_tests.listening.histories import HEADER, Listen, listens, write_history

Reads = list[str]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """The files that are read, in order."""
    names: Reads = []

    def counted(path: Path, target: Path, listener: str) -> Reading:
        names.append(path.name)
        return read_history(path, target, listener)

    monkeypatch.setattr(room, "read_history", counted)
    return names


def sync(files: list[Path], table: Path) -> ListensTable:
    """Bring `table` in step; its cache lies beside it."""
    return sync_listens(files, table.parent, table, table.with_name(f"{table.name}-cache"))


def rows(table: Path) -> Counter[Listen]:
    return Counter(scan_listens(table).select("user", "artist", "title").collect().rows())


def contents(table: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in table.iterdir()}


def test_a_file_is_read_once_and_a_removed_one_is_gone(tmp_path: Path, reads: Reads) -> None:
    table = tmp_path / "listens"
    first, second = listens(1, 50), listens(2, 70)
    one = write_history(tmp_path / "one.csv", first)
    two = write_history(tmp_path / "two.csv", second, day=2)
    assert sync([one], table).listens == 50
    assert sync([one, two], table).listens == 120
    assert reads == ["one.csv", "two.csv"]
    assert rows(table) == Counter(first) + Counter(second)
    sync([two], table)
    assert rows(table) == Counter(second)
    assert reads == ["one.csv", "two.csv"]


def test_doing_it_twice_and_a_renamed_file_change_no_byte(tmp_path: Path, reads: Reads) -> None:
    table = tmp_path / "listens"
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    first = sync([path], table)
    before = contents(table)
    assert sync([path], table) == first
    renamed = path.rename(tmp_path / "other.csv")
    assert sync([renamed], table).readings[0].file == "other.csv"
    assert contents(table) == before
    assert len(reads) == 1


def test_another_folder_gets_the_same_bytes(tmp_path: Path) -> None:
    files = [write_history(tmp_path / f"{n}.csv", listens(n, 40), day=n + 1) for n in range(3)]
    sync(files, tmp_path / "a")
    sync(files[:1], tmp_path / "b")
    sync(files[::-1], tmp_path / "b")
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_same_content_twice_counts_once(tmp_path: Path) -> None:
    played = listens(1, 50)
    files = [write_history(tmp_path / name, played) for name in ("one.csv", "two.csv")]
    table = sync(files, tmp_path / "listens")
    assert table.listens == 50
    assert table.refused == ("two.csv is the same as one.csv: once only.",)
    assert rows(tmp_path / "listens") == Counter(played)


def test_files_that_cannot_be_used_are_named_and_the_others_read(tmp_path: Path) -> None:
    empty, foreign = tmp_path / "empty.csv", tmp_path / "foreign.csv"
    empty.touch()
    foreign.write_text("a,b\n1,2\n")
    good = write_history(tmp_path / "good.csv", listens(1, 50))
    table = sync([empty, foreign, good], tmp_path / "listens")
    assert table.listens == 50
    assert [text.split(",")[0].split(" ")[0] for text in table.refused] == [
        "empty.csv",
        "foreign.csv",
    ]


def test_without_any_listen_the_table_stays(tmp_path: Path) -> None:
    table = tmp_path / "listens"
    sync([write_history(tmp_path / "good.csv", listens(1, 50))], table)
    before = rows(table)
    header = tmp_path / "header.csv"
    header.write_text(",".join(HEADER) + "\n")
    broken = tmp_path / "broken.csv"
    broken.write_text(",".join(HEADER) + "\n1,2\n")
    with pytest.raises(RecsysError, match="There is no listening history"):
        sync([], table)
    with pytest.raises(RecsysError, match=r"header\.csv has a header and no rows"):
        sync([header], table)
    with pytest.raises(RecsysError, match=r"broken\.csv, line 2: an incomplete line"):
        sync([broken], table)
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
            sync([path], table)
    assert not list(table.glob("*.parquet"))
    sync([path], table)
    undisturbed = tmp_path / "undisturbed"
    sync([path], undisturbed)
    assert contents(table) == contents(undisturbed)


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["listens", "listens-cache", "*.json", "listens-cache/*.parquet"])
def test_whatever_is_gone_comes_back(gone: str, tmp_path: Path) -> None:
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    table = tmp_path / "listens"
    sync([path], table)
    before = contents(table)
    for victim in [*tmp_path.glob(gone), *tmp_path.glob(f"*/{gone}")]:
        shutil.rmtree(victim) if victim.is_dir() else victim.unlink()
    sync([path], table)
    assert contents(table) == before


def test_a_part_that_was_damaged_is_read_again(tmp_path: Path, reads: Reads) -> None:
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    table = tmp_path / "listens"
    sync([path], table)
    before = contents(table)
    [part] = table.iterdir()
    part.write_bytes(b"damaged")  # the cache has the same file
    sync([path], table)
    assert contents(table) == before
    assert reads == ["one.csv", "one.csv"]


def test_the_table_is_a_copy_where_the_disk_knows_no_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*paths: Path) -> None:
        raise OSError(errno.EPERM, f"no links for {paths}")

    monkeypatch.setattr("os.link", refused)
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    assert sync([path], tmp_path / "listens").listens == 50
    assert sum(rows(tmp_path / "listens").values()) == 50


def test_leftovers_of_a_kill_are_removed(tmp_path: Path) -> None:
    path = write_history(tmp_path / "one.csv", listens(1, 50))
    table = tmp_path / "listens"
    table.mkdir()
    (table / ".tmp-abc-x.parquet").write_bytes(b"half")
    sync([path], table)
    assert len(contents(table)) == 1
    assert sum(rows(table).values()) == 50


def test_odd_characters_in_the_data_folder(tmp_path: Path) -> None:
    path = write_history(tmp_path / "[my] music*" / "o[n]e?.csv", listens(1, 50))
    table = tmp_path / "[my] music*" / "listens"
    assert sync([path], table).listens == 50
    assert sum(rows(table).values()) == 50
