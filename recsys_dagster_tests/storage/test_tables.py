from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.atomic import TEMPORARY_PREFIX
from recsys_dagster.storage.tables import (
    is_sealed,
    read_sealed,
    read_table,
    row_count,
    scan_table,
    table_metadata,
    write_sealed,
    write_table,
)

TABLE = pl.DataFrame(
    {
        "id": range(3000),
        "name": [f"song {n % 17}" for n in range(3000)],
        "plays": [None, 2, 3] * 1000,
    }
)


def test_a_table_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(TABLE, path)
    assert read_table(path).equals(TABLE)
    assert scan_table(path).collect().equals(TABLE)
    assert row_count(path) == 3000
    write_table(TABLE.head(0), path)
    assert read_table(path).schema == TABLE.schema
    assert row_count(path) == 0


def test_equal_content_is_equal_bytes(tmp_path: Path) -> None:
    pieces = pl.concat([TABLE[:1000], TABLE[1000:1001], TABLE[1001:]], rechunk=False)
    ways: list[pl.DataFrame | pl.LazyFrame] = [
        TABLE,
        TABLE.lazy(),
        pieces,
        TABLE.lazy().filter(pl.col("id") >= 0),
        TABLE,
    ]
    written = []
    for number, table in enumerate(ways):
        write_table(table, tmp_path / f"{number}.parquet", {"of": "songs"})
        written.append((tmp_path / f"{number}.parquet").read_bytes())
    assert len(set(written)) == 1
    write_table(TABLE.with_columns(pl.col("id") + 1), tmp_path / "0.parquet", {"of": "songs"})
    assert (tmp_path / "0.parquet").read_bytes() != written[0]


def test_metadata_lies_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    said = {"sources": "catalogue", "größe": "“3”", "empty": ""}
    write_table(TABLE, path, said)
    assert said.items() <= table_metadata(path).items()
    path.rename(tmp_path / "moved.parquet")
    assert said.items() <= table_metadata(tmp_path / "moved.parquet").items()
    assert table_metadata(path) == {}


def test_a_failed_write_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(TABLE, path)
    broken = TABLE.lazy().with_columns(pl.col("name").cast(pl.Int64, strict=True))
    with pytest.raises(pl.exceptions.PolarsError):
        write_table(broken, path)
    assert read_table(path).equals(TABLE)
    # Polars may open its file a moment after it has failed; the next run sweeps that one away.
    others = [one.name for one in tmp_path.iterdir() if one != path]
    assert all(name.startswith(TEMPORARY_PREFIX) for name in others)


def test_a_missing_table_is_said_in_words(tmp_path: Path) -> None:
    for read in (scan_table, read_table):
        with pytest.raises(RecsysError, match=r"no table .*songs\.parquet yet.*recsys run"):
            read(tmp_path / "songs.parquet")
    assert row_count(tmp_path / "songs.parquet") == 0


@pytest.mark.parametrize(
    "damage", ["emptied", "cut", "text", "footer only", "data zeroed", "folder"]
)
def test_a_damaged_table_is_said_in_words(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "songs.parquet"
    write_table(TABLE, path)
    content = path.read_bytes()
    broken = {
        "emptied": b"",
        "cut": content[: len(content) // 2],
        "text": b"Artist,Track\nBlur,Song 2\n" * 40,
        "footer only": content[-60:],
        "data zeroed": content[:4] + bytes(600) + content[604:],
    }
    path.unlink()
    if damage == "folder":
        path.mkdir()
    else:
        path.write_bytes(broken[damage])
    with pytest.raises(RecsysError, match=r"songs\.parquet.*`recsys run`"):
        read_table(path)
    assert table_metadata(path) == {} or damage == "data zeroed"


@pytest.mark.slow
def test_a_sealed_table_comes_back_or_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    nested = TABLE.with_columns(
        of=pl.struct("id", "name"), ids=pl.concat_list("plays"), part=pl.col("id") / 7
    )
    write_sealed(nested, path, {"more": "words"})
    found = read_sealed(path)
    assert found is not None
    assert found.equals(nested)
    assert table_metadata(path)["more"] == "words"
    content = path.read_bytes()
    for place in range(4, len(content), 97):
        flipped = bytearray(content)
        flipped[place] ^= 1 << place % 8
        path.write_bytes(flipped)
        found = read_sealed(path)
        assert found is None or found.equals(nested)
    write_table(nested, path)
    assert not is_sealed(path)
    assert read_sealed(path) is None
    assert read_sealed(tmp_path / "none") is None
