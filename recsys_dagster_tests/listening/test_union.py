"""Several files of one listener: the union of their listens, and bursts."""

import json
import os
import shutil
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations_with_replacement
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.listening import ranges
from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.listens import ListensTable, scan_listens, sync_listens
from recsys_dagster_tests.listening.writers import (
    START,
    WRITERS,
    basic_json,
    extended_json,
    minute_csv,
    plays,
    seconds_csv,
)
from recsys_dagster_tests.real_data import real_data

EACH = pytest.mark.parametrize("name", WRITERS)


@pytest.fixture(autouse=True)
def _few_listens_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every listener is a range of its own, as where there are millions of listens."""
    monkeypatch.setattr(ranges, "LISTENS_AT_ONCE", 3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of one listener."""
    return tmp_path / "history" / "anna"


def sync(folder: Path) -> ListensTable:
    files = sorted(file for file in folder.parent.rglob("*") if file.is_file())
    work = folder.parent.parent
    return sync_listens(files, folder.parent, work / "listens", work / "cache")


def table(folder: Path) -> pl.DataFrame:
    return scan_listens(folder.parent.parent / "listens").collect()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "other"), [*combinations_with_replacement(WRITERS, 2)])
def test_two_exports_that_overlap_give_the_union(name: str, other: str, folder: Path) -> None:
    """The first 60 plays in one export, the last 70 in another: 100, and each once."""
    WRITERS[name](folder / f"a-{name}", plays(60))
    WRITERS[other](folder / f"b-{other}", plays(70, first=30))
    found = sync(folder)
    assert found.listens == 100
    assert sum(found.repeated.values()) == 30
    listens = table(folder)
    assert Counter(listens["title"]) == Counter(title for title, _ in plays(100))
    assert set(listens["user"]) == {"anna"}
    near = sorted(listens["listened_at"].to_list())
    for time, (_, at) in zip(near, plays(100), strict=True):
        assert abs(time - at) < timedelta(minutes=1)


@pytest.mark.slow
@EACH
def test_the_parts_of_one_export_add_up(name: str, folder: Path) -> None:
    WRITERS[name](folder / f"1-{name}", plays(50))
    WRITERS[name](folder / f"2-{name}", plays(50, first=50))
    found = sync(folder)
    assert (found.listens, found.repeated) == (100, {})


@pytest.mark.slow
def test_all_sources_together_are_still_one_history(folder: Path) -> None:
    for name, write in WRITERS.items():
        write(folder / name, plays(40))
    assert sync(folder).listens == 40
    listens = table(folder)
    assert set(listens["source"]) == {"spotify_extended"}  # the one that tells most
    assert listens["spotify_id"].null_count() == 0


def test_the_own_repeats_of_a_file_stay(folder: Path) -> None:
    """Three times the same song in one minute, and a second export with two of them."""
    minute = [(title, at.replace(second=0)) for title, at in plays(1) * 3]
    minute_csv(folder / "one.csv", minute + plays(5, first=1))
    minute_csv(folder / "two.csv", minute[:2] + plays(6, first=1))
    assert sync(folder).listens == 3 + 6


def test_listeners_do_not_share_listens(folder: Path) -> None:
    minute_csv(folder / "one.csv", plays(20))
    minute_csv(folder.with_name("bob") / "one.csv", plays(21))
    assert sync(folder).listens == 41


def test_listens_without_a_time_are_a_union_too(folder: Path) -> None:
    unset = [(title, datetime(1970, 1, 1, tzinfo=UTC)) for title, _ in plays(9)]
    minute_csv(folder / "one.csv", unset + plays(5))
    minute_csv(folder / "two.csv", unset[:8] * 2)
    assert sync(folder).listens == 9 + 5 + 7
    assert table(folder)["listened_at"].null_count() == 16


def test_spellings_of_a_song_are_the_same_listen(folder: Path) -> None:
    minute_csv(folder / "one.csv", [("Song 1 - Remastered 2009", START)])
    seconds_csv(folder / "two.csv", [("song 1", START)])
    assert sync(folder).listens == 1


def test_a_burst_is_marked_and_counts_once(folder: Path) -> None:
    burst = [("Song 0", START + timedelta(seconds=number)) for number in range(10)]
    fair = [("Song 1", START + timedelta(hours=1, seconds=15 * number)) for number in range(4)]
    seconds_csv(folder / "one.csv", [*burst, *fair, ("Song 0", START + timedelta(hours=2))])
    found = sync(folder)
    assert (found.listens, found.bursts) == (15, {"anna/one.csv": 9})
    counted = count_interactions(table(folder).lazy()).collect()
    assert dict(counted.select("title", "play_count").iter_rows()) == {"Song 0": 2, "Song 1": 4}


def test_a_burst_is_found_in_whatever_order_the_rows_are(folder: Path) -> None:
    burst = [("Song 0", START + timedelta(seconds=number)) for number in range(10)]
    mixed = [one for pair in zip(burst, plays(10, first=5), strict=True) for one in pair]
    seconds_csv(folder / "one.csv", mixed)
    assert sync(folder).bursts == {"anna/one.csv": 9}


def test_a_burst_over_the_turn_of_a_minute_is_one(folder: Path) -> None:
    late = START.replace(second=56)
    seconds_csv(folder / "one.csv", [("Song 0", late + timedelta(seconds=n)) for n in range(8)])
    assert sync(folder).bursts == {"anna/one.csv": 7}


def test_a_short_song_again_and_again_is_no_burst(folder: Path) -> None:
    seconds_csv(
        folder / "one.csv", [("Song 0", START + timedelta(seconds=16 * n)) for n in range(40)]
    )
    assert sync(folder).bursts == {}


def test_a_repeat_over_the_edge_of_two_files_of_one_export_stays(folder: Path) -> None:
    """The clock of both is Spotify's: what differs by more than a second is another play."""
    at = START.replace(second=0)
    extended_json(folder / "2022.json", [("Song 0", at)], ms=100_000)
    extended_json(folder / "2023.json", [("Song 0", at + timedelta(seconds=100))], ms=100_000)
    assert sync(folder).listens == 2


def test_addresses_reach_no_table_and_no_report(folder: Path) -> None:
    text = "Username,artist,track,uts\nanna@secret.example,Abba,One,1600000000\n"
    text += "ben,Abba,Two,bob@secret.example\n"
    (folder.parent / "carl@secret.example").mkdir(parents=True)
    (folder.parent / "carl@secret.example" / "x.csv").write_text(text)
    found = sync(folder)
    assert set(table(folder)["user"]) == {"anna", "ben"}
    assert "secret" not in repr(found)
    kept = [file.read_bytes() for file in (folder.parent.parent / "cache").iterdir()]
    assert not any(b"secret" in content for content in kept)


def test_a_file_of_which_no_time_is_understood_is_asked_about(folder: Path) -> None:
    minute_csv(folder / "good.csv", plays(3))
    (folder / "us.csv").write_text("artist,track,date\nAbba,One,07/11/2024 09:07\n")
    found = sync(folder)
    assert found.listens == 3
    assert "us.csv, line 2: no time is understood, such as '07/11/2024 09:07'" in found.refused[0]


def test_a_name_that_is_no_text_costs_its_file_alone(folder: Path) -> None:
    minute_csv(folder / "good.csv", plays(3))
    odd = os.fsdecode(bytes(folder) + b"/caf\x82.csv")
    shutil.copy(folder / "good.csv", odd)
    found = sync(folder)
    assert found.listens == 3
    assert "is not UTF-8. Rename the file" in found.refused[0]


def test_many_songs_in_one_minute_are_no_burst(folder: Path) -> None:
    """An app that was offline sends all at once: other songs are other plays."""
    at_once = [(f"Song {number}", START) for number in range(30)]
    seconds_csv(folder / "one.csv", at_once)
    assert sync(folder).bursts == {}


def test_a_burst_that_two_files_have_is_one(folder: Path) -> None:
    burst = [("Song 0", START + timedelta(seconds=number)) for number in range(10)]
    seconds_csv(folder / "one.csv", burst)
    seconds_csv(folder / "two.csv", burst + plays(3, first=4))
    found = sync(folder)
    assert found.listens == 13
    assert sum(found.bursts.values()) == 9


def test_a_file_that_goes_gives_its_listens_back(folder: Path) -> None:
    minute_csv(folder / "one.csv", plays(60))
    two = minute_csv(folder / "two.csv", plays(70, first=30))
    sync(folder)
    two.unlink()
    assert sync(folder).listens == 60
    assert table(folder).height == 60


def test_a_zip_is_read_where_it_lies(folder: Path) -> None:
    WRITERS["basic.json"](folder / "MyData" / "StreamingHistory_music_0.json", plays(30))
    (folder / "MyData" / "Userdata.json").write_text('{"email": "anna@example.org"}')
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    loose = folder.with_name("anna") / "again.json"
    basic_json(loose, plays(31))
    for _ in range(2):  # the second time from what is kept
        found = sync(folder)
        assert (found.listens, found.refused) == (31, ())
        assert set(table(folder)["user"]) == {"anna"}
    assert {one.file for one in found.readings} == {
        "anna/again.json",
        "anna.zip/MyData/StreamingHistory_music_0.json",
    }


@pytest.mark.slow
def test_real_exports_of_listeners_that_the_big_file_has_add_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    shutil.copy(real_data("lastfm", "Last.fm_data.csv"), folder / "all.csv")
    for user, name in {
        "listener_01": "recent_tracks_mbid.csv", "listener_02": "r_data_frame.csv",
        "listener_03": "uts_quoted.csv", "listener_04": "utc_time_short.csv",
    }.items():  # fmt: skip
        (folder / user).mkdir()
        shutil.copy(real_data("lastfm", "exports", name), folder / user)
    found = sync(folder / "listener_01")
    assert found.listens == 96_647
    assert not found.refused
    assert table(folder / "x")["user"].n_unique() == 6


@pytest.mark.parametrize(
    "damage", [{"parts": [{}]}, {"refused": 1}, {"parts": [], "refused": None}]
)
def test_what_is_kept_of_a_zip_and_is_not_whole_is_read_again(
    folder: Path, damage: dict[str, object]
) -> None:
    WRITERS["basic.json"](folder / "MyData" / "StreamingHistory_music_0.json", plays(30))
    shutil.make_archive(str(folder), "zip", folder)
    shutil.rmtree(folder)
    before = sync(folder)
    index = next(
        file
        for file in (folder.parent.parent / "cache").rglob("*.json")
        if "parts" in json.loads(file.read_text())
    )
    index.write_text(json.dumps(damage))
    again = sync(folder)
    assert (again.listens, again.refused) == (before.listens, before.refused) == (30, ())
    assert set(json.loads(index.read_text())) > {"parts", "refused"}
