from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.reading import read_history, summarise_history
from recsys_dagster.listening.readings import Reading, Remark
from recsys_dagster.listening.schema import LISTENS_SCHEMA
from recsys_dagster_tests.real_data import real_data

HEADER = ",Username,Artist,Track,Album,Date,Time\n"
SOUND = "0,u,Abba,One,Al,31 Jan 2021, 23:36\n"


def read(text: str | bytes, folder: Path, name: str = "x.csv") -> tuple[Reading, pl.DataFrame]:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    reading = read_history(path, folder / "out.parquet", "me")
    table = pl.read_parquet(folder / "out.parquet")
    assert table.schema == LISTENS_SCHEMA
    assert summarise_history(path, "me") == reading
    assert reading.listens == table.height
    return reading, table


def test_the_kaggle_shape(tmp_path: Path) -> None:
    reading, table = read(HEADER + SOUND, tmp_path)
    assert reading == Reading("x.csv", "Last.fm CSV", 1, 1, rank=2, resolution=60)
    assert table.to_dicts() == [
        {
            "user": "u", "artist": "Abba", "title": "One", "album": "Al",
            "listened_at": datetime(2021, 1, 31, 23, 36, tzinfo=UTC), "ms_played": None,
            "source": "lastfm_csv", "spotify_id": None, "burst": False,
        }
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "TIME,date,Track,ARTIST,username,album\n 23:36,31 Jan 2021,One,Abba,u,Al\n",
        "\ufeffUsername, Artist ,Track,Album,Date,Time\nu,Abba,One,Al,31 Jan 2021,23:36:00\n",
        "Username,Artist,Track,Album,Date,Time\r\nu,Abba,One,Al,2021-01-31, 23:36",
        "a,Username,a,Artist,Track,Album,Date,Time,Time\n1,u,2,Abba,One,Al,31 Jan 2021,23:36,x\n",
    ],
)
def test_order_case_marks_and_line_ends_do_not_matter(text: str, tmp_path: Path) -> None:
    _, expected = read(HEADER + SOUND, tmp_path)
    assert read(text, tmp_path)[1].equals(expected)


def test_the_album_may_be_missing(tmp_path: Path) -> None:
    reading, table = read("Username,Artist,Track,Date,Time\nu,A,T,31 Jan 2021,1:02\n", tmp_path)
    assert (reading.listens, table["album"].to_list()) == (1, [None])


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("31 Jan 2021", " 23:36", datetime(2021, 1, 31, 23, 36, tzinfo=UTC)),
        ("1 Feb 2021", "23:36:59", datetime(2021, 2, 1, 23, 36, 59, tzinfo=UTC)),
        ("29 Feb 2020", "00:00", datetime(2020, 2, 29, tzinfo=UTC)),
        ("2021-01-31", "07:05", datetime(2021, 1, 31, 7, 5, tzinfo=UTC)),
        (" 2021-01-31 ", "07:05:09 ", datetime(2021, 1, 31, 7, 5, 9, tzinfo=UTC)),
    ],
)
def test_dates_that_are_understood(
    date: str, time: str, expected: datetime, tmp_path: Path
) -> None:
    reading, table = read(f"{HEADER}0,u,A,T,,{date},{time}\n", tmp_path)
    assert table["listened_at"].to_list() == [expected]
    assert not reading.notes


@pytest.mark.parametrize("date", ["01 Jan 1970", "1970-06-01", "31 Dec 1969"])
def test_an_unset_clock_is_a_listen_without_a_time(date: str, tmp_path: Path) -> None:
    reading, table = read(f"{HEADER}{SOUND}1,u,A,T,,{date}, 00:00\n", tmp_path)
    assert table["listened_at"].is_null().to_list() == [False, True]
    assert reading.notes == {"a clock that was not set (1970)": Remark(1, 3)}


@pytest.mark.slow
@pytest.mark.parametrize(
    "date", ["31/01/2021", "Jan 31 2021", "30 Feb 2021", "31 Jan 21", "31. Januar 2021", "", "x"]
)
def test_a_date_in_another_format_keeps_the_listen(date: str, tmp_path: Path) -> None:
    reading, table = read(f"{HEADER}{SOUND}1,u,A,T,,{date},10:00\n2,u,A,T,,zzz,\n", tmp_path)
    assert (reading.rows, table.height) == (3, 3)
    [(note, remark)] = reading.notes.items()
    assert note.startswith("a time that is not understood")
    assert remark == Remark(2, 3, f"{date} 10:00")
    [sentence] = reading.sentences()
    assert sentence.startswith("x.csv, line 3: ")
    assert repr(f"{date} 10:00") in sentence
    assert "2 rows kept" in sentence


@pytest.mark.slow
@pytest.mark.parametrize("title", ["True", "None", "NA", "null", "1999", " 7 ", "NaN", "''", "0"])
def test_titles_come_through_unchanged(title: str, tmp_path: Path) -> None:
    text = f"{HEADER}0,{title},{title},{title},{title},31 Jan 2021,10:00\n"
    for broken in ("", "1\n"):
        table = read(text + broken, tmp_path)[1]
        assert table.select("user", "artist", "title", "album").row(0) == (title,) * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,,A,T,,31 Jan 2021,10:00", "no listener"),
        ("1,u, ,T,,31 Jan 2021,10:00", "no artist"),
        ("1,u,A,,,31 Jan 2021,10:00", "no title"),
        ('1,u,"A,T,,31 Jan 2021,10:00', "a quote that is not closed"),
        ("1,u,A,T,,31 Ja", "an incomplete line"),
        ("1,u,A,T,U,,31 Jan 2021,10:00", "more fields than the header has"),
        ("", "a blank line"),
        ("1,u,A\0,T,,31 Jan 2021,10:00", "text that is not UTF-8, or a NUL in it"),
    ],
)
def test_a_line_that_is_no_listen_is_named(line: str, reason: str, tmp_path: Path) -> None:
    reading, table = read(f"{HEADER}{SOUND}{line}\n{SOUND}", tmp_path)
    assert table.height == reading.listens == 2
    assert reading.left_out == {reason: Remark(1, 3)}
    assert reading.sentences() == [f"x.csv, line 3: {reason}; 1 row left out"]


def test_a_broken_last_line_costs_itself_alone(tmp_path: Path) -> None:
    reading, table = read(f'{HEADER}{SOUND * 5}9,u,A,"T', tmp_path)
    assert (reading.rows, table.height) == (6, 5)
    assert reading.left_out == {"a quote that is not closed": Remark(1, 7)}


def test_latin_1_keeps_what_is_ascii(tmp_path: Path) -> None:
    text = f"{HEADER}{SOUND}1,u,Björk,T,,31 Jan 2021,10:00\n{SOUND}".encode("latin-1")
    reading, table = read(text, tmp_path)
    assert table["artist"].to_list() == ["Abba", "Abba"]
    assert reading.left_out == {"text that is not UTF-8, or a NUL in it": Remark(1, 3)}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"x\.csv is empty"),
        ((HEADER + SOUND).encode("utf-16"), r"x\.csv, line 1: .*UTF-16"),
        (b"Username,Artist,Track,Album,Time\n", r"line 1: which column is the date\?.*'Track'"),
        (b"Username,Song\nu,s\n", r"Found the columns 'Username', 'Song'\. Which are the artist"),
        (b"a,b\n1,2\n", r"x\.csv, line 1: this is no listening history.*'a', 'b'"),
        (b"\n\n1\n", r"x\.csv, line 1: .*nothing"),
    ],
)  # fmt: skip
def test_what_is_no_history_gets_one_clear_message(
    content: bytes, message: str, tmp_path: Path
) -> None:
    with pytest.raises(RecsysError, match=message) as caught:
        read(content, tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out.parquet").exists()


def test_a_header_alone_is_a_history_of_nothing(tmp_path: Path) -> None:
    for text in (HEADER, HEADER.rstrip()):
        reading, table = read(text, tmp_path)
        assert (reading.rows, table.height) == (0, 0)


@pytest.mark.slow
def test_the_order_of_the_file_is_kept(tmp_path: Path) -> None:
    lines = "".join(f"{n},u,A,T{n},,31 Jan 2021,10:00\n" for n in range(5_000))
    for end in ("", "broken\n"):
        table = read(HEADER + lines + end, tmp_path)[1]
        assert table["title"].to_list() == [f"T{n}" for n in range(5_000)]


def test_a_reading_survives_json(tmp_path: Path) -> None:
    reading, _ = read(f"{HEADER}{SOUND}1,u\n2,u,A,T,,zzz,\n", tmp_path)
    assert reading.left_out
    assert reading.notes
    assert Reading.from_dict(reading.to_dict()) == reading


FIELD = st.text('aé", \r\0\ufeff1', max_size=4)
LINES = st.lists(
    st.one_of(
        st.text('ab,," \r', max_size=12),
        st.lists(FIELD, min_size=7, max_size=7).map(",".join),
        st.sampled_from([SOUND.strip(), "1,u,A,T,,01 Jan 1970, 00:00", "1,u,A,T,,x,"]),
    ),
    max_size=6,
)


@pytest.mark.slow
@settings(deadline=None)
@given(LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_row_is_a_listen_or_left_out_with_a_reason(
    lines: list[str], end: str, cut: bool
) -> None:
    content = end.join([HEADER.strip(), SOUND.strip(), *lines]) + ("" if cut else end)
    with TemporaryDirectory() as folder:
        reading, table = read(content, Path(folder))
    lines_read = content.removesuffix("\n").count("\n")
    assert reading.rows <= lines_read
    assert reading.rows == lines_read or '"' in content  # quoted text may go over lines
    assert reading.rows == table.height + sum(one.count for one in reading.left_out.values())
    assert sum(one.count for one in reading.notes.values()) == table["listened_at"].null_count()
    for remark in [*reading.left_out.values(), *reading.notes.values()]:
        assert 2 <= remark.first_line <= lines_read + 1


def test_real_histories_are_read_without_loss(tmp_path: Path) -> None:
    reading = read_history(real_data("lastfm", "Last.fm_data.csv"), tmp_path / "out.parquet", "me")
    table = pl.read_parquet(tmp_path / "out.parquet")
    assert reading.rows == reading.listens == table.height == 96_647
    assert not reading.left_out
    assert table["user"].n_unique() == 6
    assert table["listened_at"].null_count() == 643
    assert [one.count for one in reading.notes.values()] == [643]
