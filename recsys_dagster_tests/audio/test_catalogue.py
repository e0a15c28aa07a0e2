import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from recsys_dagster.audio.catalogue import Catalogue, read_catalogue
from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import key_of
from recsys_dagster_tests.real_data import real_data

COLUMNS: dict[str, list[Any]] = {
    "artist": ["A", "B, C", "D"],
    "title": ["x", "y", "z (feat. W)"],
    "energy": ["0.5", "1.7", ""],
    "key": ["3", "4", "-1"],
}


def write(columns: Mapping[str, Any], path: Path) -> Path:
    if path.suffix == ".parquet":
        pl.DataFrame(columns).write_parquet(path)
        return path
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def keys(catalogue: Catalogue, rank: int) -> list[str]:
    return catalogue.table.filter(rank=rank)["song_key"].to_list()


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_catalogue_is_read_with_numbers_as_text(suffix: str, tmp_path: Path) -> None:
    catalogue = read_catalogue(write(COLUMNS, tmp_path / f"x.{suffix}"))
    assert (catalogue.rows, catalogue.songs, catalogue.refused) == (3, 2, 1)
    assert catalogue.left_out == {"no features": 1}
    assert keys(catalogue, 0) == [key_of("A", "x"), key_of("B, C", "y")]
    assert keys(catalogue, 1) == [key_of("B", "y")]
    first, second = catalogue.table.rows(named=True)[:2]
    assert (first["energy"], first["key"], first[REFUSED]) == (0.5, 3.0, None)
    assert (second["energy"], second["key"]) == (None, 4.0)
    assert second[REFUSED] == "energy 1.7 is not 0 to 1"


def test_csv_and_parquet_and_numbers_are_one_catalogue(tmp_path: Path) -> None:
    numbers = {**COLUMNS, "energy": [0.5, 1.7, None], "key": [3, 4, -1]}
    tables = [
        read_catalogue(write(columns, tmp_path / name)).table
        for columns, name in [
            (COLUMNS, "x.csv"), (numbers, "x.csv"), (numbers, "[1]*.parquet"), (COLUMNS, "p.csv"),
        ]
    ]  # fmt: skip
    assert all(table.equals(tables[0]) for table in tables)


def test_a_parquet_without_the_ending_is_told_by_its_content(tmp_path: Path) -> None:
    path = write(COLUMNS, tmp_path / "x.parquet").rename(tmp_path / "x.dat")
    assert read_catalogue(path).songs == 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("artist", "title", "duration"),
    [
        ("artists", "track_name", "duration_ms"),
        ("Artist Name(s)", "Track Name", "Duration (ms)"),
        ("Artist Name(s)", "Track Name", "Track Duration (ms)"),
        ("ARTIST", "Song", "Duration"),
        ("track_artist", "name", "duration_ms"),
    ],
)
def test_columns_have_many_names(artist: str, title: str, duration: str, tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "": [0], "Popularity": [9], title: ["x"], artist: ["A"], duration: [200_000],
        "Time Signature": [4],
    }  # fmt: skip
    for suffix in ("csv", "parquet"):
        catalogue = read_catalogue(write(columns, tmp_path / f"x.{suffix}"))
        row = catalogue.table.row(0, named=True)
        assert row["song_key"] == key_of("A", "x")
        assert (row["duration_ms"], row["time_signature"]) == (200_000.0, 4.0)
        assert {row[name] for name in FEATURES} == {None, 200_000.0, 4.0}


@pytest.mark.slow
@pytest.mark.parametrize(
    "artists",
    ["A;B", "A; B", "A, B", "A | B", "['A', 'B']", '["A", "B"]', "A; B; C", "A, B;C"],
)
def test_several_artists_match_by_all_and_by_the_first(artists: str, tmp_path: Path) -> None:
    columns = {"artists": [artists], "track_name": ["x"], "energy": [0.5]}
    catalogue = read_catalogue(write(columns, tmp_path / "x.csv"))
    assert keys(catalogue, 0) == [key_of(artists, "x")]
    assert keys(catalogue, 1) == [key_of("A", "x")]
    assert catalogue.songs == 1


def test_one_artist_matches_once(tmp_path: Path) -> None:
    columns = {"artist": ["AC/DC", "Simon & G", "['A']"], "name": list("xyz"), "energy": [0.5] * 3}
    catalogue = read_catalogue(write(columns, tmp_path / "x.csv"))
    assert keys(catalogue, 1) == [key_of("A", "z")]


def test_a_list_of_artists_in_a_parquet(tmp_path: Path) -> None:
    columns = {"artists": [["A", "B"], ["C"]], "name": ["x", "y"], "energy": [0.5, 0.6]}
    catalogue = read_catalogue(write(columns, tmp_path / "x.parquet"))
    assert keys(catalogue, 0) == [key_of("A; B", "x"), key_of("C", "y")]
    assert keys(catalogue, 1) == [key_of("A", "x")]


@pytest.mark.parametrize("header", ["artist,title,energy", "line,csv_problem,artist,title,energy"])
def test_rows_that_are_no_song_are_counted(header: str, tmp_path: Path) -> None:
    front = "1,2," if header.startswith("line") else ""
    rows = ["A,x,0.5", ",x,0.5", "A, ,0.5", "A,\ufffd,0.5", 'A,"x,0.5', "A,y,", "A,z,0.6"]
    path = tmp_path / "x.csv"
    path.write_text("\n".join([header, *(front + row for row in rows)]), encoding="utf-8")
    catalogue = read_catalogue(path)
    assert catalogue.left_out == {
        "a quote that is not closed": 1, "no artist": 1, "no features": 1, "no title": 1,
        "text that is not UTF-8, or a NUL in it": 1,
    }  # fmt: skip
    assert keys(catalogue, 0) == [key_of("A", "x"), key_of("A", "z")]
    assert catalogue.rows == 7


def test_a_header_alone_holds_no_song(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("artist,title,energy\n")
    catalogue = read_catalogue(path)
    assert (catalogue.rows, catalogue.songs) == (0, 0)


def test_a_song_whose_every_value_is_refused_has_no_features(tmp_path: Path) -> None:
    columns = {"artist": ["A"], "title": ["x"], "energy": [7]}
    catalogue = read_catalogue(write(columns, tmp_path / "x.csv"))
    assert (catalogue.rows, catalogue.songs, catalogue.refused) == (1, 0, 1)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.parquet", b"", r"x\.parquet is empty \(0 bytes\)"),
        ("x.csv", b"", r"x\.csv is empty"),
        ("x.parquet", b"PAR1 and no more", r"x\.parquet is no Parquet file"),
        ("x.parquet", b"artist,title,energy\nA,x,1\n", r"x\.parquet is no Parquet file"),
        ("x.csv", b"artist,title,album\nA,x,y\n", r"no catalogue.*'album'.*features such as"),
        ("x.csv", b"artist,energy\nA,1\n", r"no catalogue.*'energy'"),
        ("x.csv", b"title,energy\nA,1\n", r"no catalogue"),
        ("x.csv", "artist,title,energy\n".encode("utf-16"), r"line 1: .*UTF-16"),
    ],
)
def test_what_is_no_catalogue_gets_one_clear_message(
    name: str, content: bytes, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecsysError, match=message):
        read_catalogue(path)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("place", [0.05, 0.3, 0.6, 0.9])
def test_a_damaged_parquet_gets_one_clear_message(place: float, tmp_path: Path) -> None:
    names = [f"artist {number * 7919 % 997}" for number in range(500)]
    columns = {"artist": names, "title": names[::-1], "energy": [0.5] * 500}
    path = write(columns, tmp_path / "x.parquet")
    content = bytearray(path.read_bytes())
    start = int(len(content) * place)
    content[start : start + 200] = b"\x5a" * 200
    path.write_bytes(content)
    with pytest.raises(RecsysError, match=r"^x\.parquet.*[^\n]*$") as caught:
        read_catalogue(path)
    assert "\n" not in str(caught.value).strip()


@pytest.mark.parametrize("energy", [[{"a": 1}], [[0.5]], [b"0.5"]])
def test_columns_that_hold_no_numbers_get_a_message(energy: list[Any], tmp_path: Path) -> None:
    columns = {"artist": ["A"], "title": ["x"], "energy": energy}
    with pytest.raises(RecsysError, match=r"x\.parquet cannot be read as a catalogue"):
        read_catalogue(write(columns, tmp_path / "x.parquet"))


@pytest.mark.slow
def test_the_real_catalogue() -> None:
    catalogue = read_catalogue(real_data("audio_features", "song_audio_features.csv"))
    assert catalogue.rows == 83_710
    assert sum(catalogue.left_out.values()) + len(keys(catalogue, 0)) == 83_710
    assert catalogue.songs == len(set(keys(catalogue, 0))) > 80_000
