"""Every shape of CSV and TSV that the tools for Last.fm write."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.formats.times import SHAPES, parse_times, shape_of_times
from recsys_dagster.listening.reading import read_history, recognise
from recsys_dagster.listening.readings import Reading
from recsys_dagster_tests.real_data import real_data
from recsys_dagster_tests.tiers import examples

Listen = tuple[str, str, str, str, datetime]
AT = datetime(2021, 1, 31, 23, 36, 5, tzinfo=UTC)


def read(text: str, name: str = "anna.csv") -> tuple[Reading, pl.DataFrame]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(text.encode())
        reading = read_history(path, Path(folder) / "out.parquet", "anna")
        return reading, pl.read_parquet(path.parent / "out.parquet")


def refusal(text: str) -> str:
    with pytest.raises(RecsysError) as caught:
        read(text)
    return str(caught.value)


def as_csv(
    rows: Sequence[Sequence[object]], *, separator: str = ",", quoting: int = csv.QUOTE_MINIMAL
) -> str:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerows(rows)
    return text.getvalue()


def kaggle(listens: Sequence[Listen]) -> str:
    rows = [(n, user, artist, title, album, f"{at:%d %b %Y}", f" {at:%H:%M}")
            for n, (user, artist, title, album, at) in enumerate(listens)]  # fmt: skip
    return as_csv([("", "Username", "Artist", "Track", "Album", "Date", "Time"), *rows])


def headerless(listens: Sequence[Listen]) -> str:
    return as_csv([(artist, album, title, f"{at:%d %b %Y %H:%M}")
                   for _, artist, title, album, at in listens])  # fmt: skip


def uts_quoted(listens: Sequence[Listen]) -> str:
    header = ("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track",
              "track_mbid")  # fmt: skip
    rows = [(int(at.timestamp()), f"{at:%d %b %Y, %H:%M}", artist, "", album, "m", title, "")
            for _, artist, title, album, at in listens]  # fmt: skip
    first, *others = as_csv([header, *rows], quoting=csv.QUOTE_ALL).splitlines(keepends=True)
    return first.replace('"', "") + "".join(others)


def short(listens: Sequence[Listen]) -> str:
    rows = [(f"{at:%d %b %Y, %H:%M}", artist, album, title)
            for _, artist, title, album, at in listens]  # fmt: skip
    return as_csv([("utc_time", "artist", "album", "track"), *rows])


def timestamp(listens: Sequence[Listen]) -> str:
    header = ("artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid", "timestamp",
              "datetime")  # fmt: skip
    rows = [(artist, "", album, "m", title, "", int(at.timestamp()), f"{at:%Y-%m-%d %H:%M:%S}")
            for _, artist, title, album, at in listens]  # fmt: skip
    return as_csv([header, *rows])


def r_data_frame(listens: Sequence[Listen]) -> str:
    rows = [f'"{n}",{at:%Y-%m-%d %H:%M:%S},{_r(artist)},{_r(title)},{_r(album)}'
            for n, (_, artist, title, album, at) in enumerate(listens, 1)]  # fmt: skip
    return "\n".join(['"","date","artist","track","album"', *rows, ""])


def _r(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def semicolons(listens: Sequence[Listen]) -> str:
    rows = [(user, artist, title, album, f"{at:%Y-%m-%dT%H:%M:%SZ}")
            for user, artist, title, album, at in listens]  # fmt: skip
    header = ("User Name", "ARTIST NAME", "Song", "Release", "Played At")
    return as_csv([header, *rows], separator=";")


def lastfm_1k(listens: Sequence[Listen]) -> str:
    return "".join(f"{user}\t{at:%Y-%m-%dT%H:%M:%SZ}\t\t{artist}\t\t{title}\n"
                   for user, artist, title, _, at in listens)  # fmt: skip


Write = Callable[[Sequence[Listen]], str]
SECONDS: list[Write] = [uts_quoted, timestamp, r_data_frame, semicolons, lastfm_1k]
MINUTES: list[Write] = [kaggle, headerless, short]
NAME_USERS: list[Write] = [kaggle, semicolons, lastfm_1k]

NAME = st.text(
    st.characters(exclude_characters="\n\r\0\ufffd", exclude_categories=["Cs"]), min_size=1,
    max_size=12,
).filter(str.strip)  # fmt: skip
TIME = st.datetimes(datetime(1971, 1, 2), datetime(2037, 1, 1)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)
LISTENS = st.lists(st.tuples(NAME, NAME, NAME, NAME, TIME), min_size=1, max_size=6)


@pytest.mark.slow
@pytest.mark.parametrize("write", SECONDS + MINUTES)
@settings(max_examples=examples(60))
@given(listens=LISTENS)
def test_what_is_written_in_a_shape_is_read_back_the_same(
    write: Write, listens: list[Listen]
) -> None:
    tabs = write is lastfm_1k
    if tabs:  # a field cannot hold what separates fields
        listens = [
            (user.replace("\t", "x"), artist.replace("\t", "x"), title.replace("\t", "x"), "", at)
            for user, artist, title, _, at in listens
        ]
    reading, table = read(write(listens))
    expected = [
        {
            "user": user if write in NAME_USERS else "anna", "artist": artist, "title": title,
            "album": None if tabs else album,
            "listened_at": at.replace(second=0) if write in MINUTES else at,
        }
        for user, artist, title, album, at in listens
    ]  # fmt: skip
    assert table.select("user", "artist", "title", "album", "listened_at").to_dicts() == expected
    assert (reading.rows, reading.left_out, reading.notes) == (len(listens), {}, {})
    assert reading.listener == (None if write in NAME_USERS else "anna")


@pytest.mark.slow
@pytest.mark.parametrize("title", ["True", "None", "NA", "1999", " 7 ", "[unknown]", '"', "#N/A"])
@pytest.mark.parametrize("write", SECONDS + MINUTES)
def test_strings_are_strings(write: Write, title: str) -> None:
    table = read(write([("u", title, title, "Al", AT)] * 2))[1]
    assert table.select("artist", "title").rows() == [(title, title)] * 2


@pytest.mark.parametrize(
    ("header", "question"),
    [
        ("artist,artist_name,track,date", "which column is the artist, 'artist' or 'artist_name'?"),
        ("artist,track,title,uts", "which column is the title, 'track' or 'title'?"),
        ("artist,album,date", "which column is the title of the song? Found 'artist', 'album'"),
        ("user,artist,track,album", "no listening history that is known"),
        ("track,album,uts", "which column is the artist? Found 'track', 'album', 'uts'"),
        ("artist,track,time", "which column is the date?"),
        ("a,b,c,d", "Which are the artist, the title and the time?"),
    ],
)
def test_columns_that_cannot_be_told_apart_are_asked_for(header: str, question: str) -> None:
    message = refusal(f"{header}\nx,y,23:36,w\n")
    assert question in message
    assert message.startswith("anna.csv, line 1:")


def test_a_question_quotes_no_address_of_a_person() -> None:
    message = refusal("anna@example.org,192.0.2.7,2001:db8::1,x\nbob@example.org,1,2,3\n")
    assert not any(part in message for part in ("@", "192.0", "db8"))


def test_a_table_of_audio_features_is_no_history() -> None:
    message = refusal("artist,track,date,energy,valence,danceability\nA,T,2021-01-31,1,1,1\n")
    assert "no listening history" in message


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("31 Jan 2021 23:36", AT.replace(second=0)),
        ("31 Jan 2021, 23:36", AT.replace(second=0)),
        ("31 Jan 2021, 23:36:05", AT),
        ("2021-01-31 23:36:05", AT),
        ("2021-01-31T23:36:05Z", AT),
        ("2021-02-01T01:36:05+02:00", AT),
        ("2021-01-31 23:36:05.250", AT.replace(microsecond=250_000)),
        ("2021-01-31 23:36:05 UTC", AT),
        ("1612136165", AT),
        ("1612136165000", AT),
        ("31/01/2021 23:36", None),
        ("99999999999999999999", None),
        ("nan", None),
        ("-inf", None),
        ("", None),
        ("0001-01-01 00:00:00", None),
    ],
)
def test_times(text: str, at: datetime | None) -> None:
    time = pl.DataFrame({"x": [text]}).select(parse_times(pl.col("x"))).item()
    assert time == at
    shape = shape_of_times([text])
    assert (shape in SHAPES) == (at is not None)


def test_mixed_times_are_all_understood() -> None:
    rows = [("A", "T", text) for text in ("31 Jan 2021, 23:36", "1612136165", "2021-01-31 23:36")]
    table = read(as_csv([("artist", "track", "date"), *rows]))[1]
    assert table["listened_at"].null_count() == 0


def test_quotes_between_tabs_are_text() -> None:
    text = 'user_1\t2009-05-04T23:08:57Z\t\t"Weird Al" Yankovic\t\t"Heroes\n' * 3
    reading, table = read(text)
    assert reading.format == "Last.fm-1K dataset"
    assert table.select("artist", "title").unique().rows() == [('"Weird Al" Yankovic', '"Heroes')]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rows", "untimed", "user"),
    [
        ("headerless_lastfm_to_csv.csv", 2, 0, "anna"),
        ("r_data_frame.csv", 16_545, 0, "anna"),
        ("recent_tracks_mbid.csv", 17_503, 643, "anna"),
        ("utc_time_short.csv", 11_387, 0, "anna"),
        ("uts_quoted.csv", 11_622, 0, "anna"),
    ],
)
def test_real_exports(name: str, rows: int, untimed: int, user: str, tmp_path: Path) -> None:
    path = real_data("lastfm", "exports", name)
    reading = read_history(path, tmp_path / "out.parquet", user)
    table = pl.read_parquet(tmp_path / "out.parquet")
    assert (reading.rows, reading.listens, table.height) == (rows, rows, rows)
    assert table["listened_at"].null_count() == untimed
    assert set(table["user"]) == {user}
    assert recognise(path)[0].name == "Last.fm CSV"
