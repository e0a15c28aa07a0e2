import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.histories import visiting
from recsys_dagster.histories.visiting import Visit, read_visit
from recsys_dagster.storage.tables import write_table
from recsys_dagster_tests import worlds
from recsys_dagster_tests.tiers import examples

HEADER = "artist,album,track,date"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("catalogue") / "songs.parquet"
    write_table(worlds.make().parts.songs, path)
    return path


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary files go; nothing may be left there."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []


def csv(*songs: int, at: str = "{day:02d} Jan 2021 10:00") -> bytes:
    rows = [
        f"{worlds.artist(song).upper()},,{worlds.title(song)},{at.format(day=row % 28 + 1)}"
        for row, song in enumerate(songs)
    ]
    return "\n".join([HEADER, *rows, "Nobody,,Unheard of,01 Feb 2021 11:00", ""]).encode()


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "."), content)
    return packed.getvalue()


def summary(visit: Visit) -> dict[int, int]:
    return dict(zip(visit.history.songs.tolist(), visit.history.plays.tolist(), strict=True))


def test_songs_are_matched_and_the_others_are_named(catalogue: Path) -> None:
    visit = read_visit("anna.csv", csv(0, 2, 2, 9), catalogue)
    assert summary(visit) == {2: 2, 0: 1, 9: 1}
    assert (visit.listener, visit.others, visit.listens, visit.songs) == ("anna", 0, 5, 4)
    assert visit.unmatched == (("Nobody", "Unheard of", 1),)
    assert visit.history.hours is not None
    assert visit.history.hours.sum() == 5  # all listens, also of songs that nobody knows here
    assert visit.history.last is not None
    assert str(visit.history.last[0]) == "2021-01-03"


def test_what_lies_in_a_zip_twice_counts_once(catalogue: Path) -> None:
    visit = read_visit("x.zip", zipped(a__csv=csv(0, 2), b__csv=csv(0, 2)), catalogue)
    assert visit.listens == 3


@pytest.mark.slow
def test_of_several_listeners_the_one_with_most_listens_is_shown(catalogue: Path) -> None:
    song = f"{worlds.artist(1)},,{worlds.title(1)}"
    rows = [f"{user},{song},0{day} Jan 2021 10:00" for day, user in enumerate("aabbb", 1)]
    content = "\n".join([f"Username,{HEADER}", *rows]).encode()
    visit = read_visit("many.csv", content, catalogue)
    assert (visit.listener, visit.others, visit.listens) == ("b", 1, 3)


def test_without_times_there_is_a_history_all_the_same(catalogue: Path) -> None:
    visit = read_visit("x.csv", csv(0, 2, at="01 Jan 1970 00:00"), catalogue)
    assert len(summary(visit)) == 2
    assert any("clock that was not set" in remark for remark in visit.remarks)


def test_a_spotify_export(catalogue: Path) -> None:
    rows = [
        {"endTime": "2024-01-05 14:23", "artistName": worlds.artist(5),
         "trackName": worlds.title(5), "msPlayed": 184_000}
    ]  # fmt: skip
    name = "StreamingHistory_music_0.json"
    visit = read_visit(name, json.dumps(rows).encode(), catalogue)
    assert summary(visit) == {5: 1}


def bomb() -> bytes:
    return zipped(bomb__csv=b"0" * (300 << 20))


HOSTILE = {
    "empty": ("x.csv", b"", "."),
    "a picture": ("x.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "."),
    "no history": ("x.csv", b"name,age\nanna,7\n", "no listening history"),
    "a broken zip": ("x.zip", b"PK\x03\x04" + b"\0" * 100, "damaged zip"),
    "a zip of nothing": ("x.zip", zipped(), "."),
    "an encrypted-looking name": ("../../etc/passwd", b"root:x:0:0\n", "."),
    "deep JSON": ("x.json", b"[" * 100_000, "."),
    "a header alone": ("x.csv", f"{HEADER}\n".encode(), "No listens"),
    "NUL bytes": ("x.csv", f"{HEADER}\n".encode() + b"\0" * 5000, "."),
    "no time understood": ("x.csv", f"{HEADER}\nA,,B,the other day\n".encode(), "no time is"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_history_is_said_in_words(catalogue: Path, case: str) -> None:
    name, content, words = HOSTILE[case]
    with pytest.raises(RecsysError, match=words) as raised:
        read_visit(name, content, catalogue)
    assert "scratch" not in str(raised.value)


@pytest.mark.slow
def test_a_zip_that_unpacks_to_far_more_is_refused(catalogue: Path) -> None:
    with pytest.raises(RecsysError, match="would unpack to"):
        read_visit("x.zip", bomb(), catalogue)


def test_a_zip_has_less_room_than_an_import(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "MOST_UNPACKED", 100)
    with pytest.raises(RecsysError, match="would unpack to"):
        read_visit("x.zip", zipped(a__csv=csv(*range(20))), catalogue)


def test_overlong_lines_and_titles_do_no_harm(catalogue: Path) -> None:
    long = b"A,," + b"t" * 10_000 + b",01 Jan 2021 10:00\n"
    broken = b'"' * 10_001 + b"\n"
    visit = read_visit("x.csv", csv(0, 2) + long + broken, catalogue)
    assert summary(visit) == {0: 1, 2: 1}


def test_too_big_a_file_is_not_looked_at(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visiting, "MOST_BYTES", 10)
    with pytest.raises(RecsysError, match="recsys import"):
        read_visit("x.csv", csv(0), catalogue)


def test_while_one_is_read_the_next_has_to_wait(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visiting, "_PATIENCE", 0.01)
    with visiting._alone(), pytest.raises(RecsysError, match="Try again"):
        read_visit("x.csv", csv(0), catalogue)
    assert read_visit("x.csv", csv(0), catalogue).listens == 2


@pytest.mark.slow
@given(name=st.text(max_size=40), content=st.binary(max_size=400))
@settings(max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_under_any_name_give_words(catalogue: Path, name: str, content: bytes) -> None:
    for prefix in (b"", f"{HEADER}\n".encode(), b"PK\x03\x04", b"[{"):
        with suppress(RecsysError):
            read_visit(name, prefix + content, catalogue)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "The file cannot be read here: No space left"),
        (pl.exceptions.ComputeError("bad page\nmore"), "cannot be read as a history: bad page$"),
    ],
)
def test_what_goes_wrong_under_way_is_said_in_a_line(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(visiting, "_read", fail)
    with pytest.raises(RecsysError, match=said):
        read_visit("a.csv", csv(1), catalogue)
