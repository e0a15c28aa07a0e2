"""The main job as users run it: from raw files to a release, again, after changes and crashes."""

import shutil
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.conftest import LISTENS, USERS
from recsys_dagster_tests.real_data import real_data
from recsys_dagster_tests.reliability.aftermath import contents

pytestmark = pytest.mark.slow


@pytest.fixture
def world(demo_world: Path, tmp_path: Path) -> Path:
    """A copy of the released demo world, to change."""
    return Path(shutil.copytree(demo_world, tmp_path / "world"))


def times(data_dir: Path) -> dict[str, int]:
    """When each file of the stages and releases was written."""
    return {
        file.relative_to(data_dir).as_posix(): file.stat().st_mtime_ns
        for room in ("tables", "models", "evaluation", "releases")
        for file in (data_dir / room).rglob("*")
        if file.is_file()
    }


def test_an_empty_folder_becomes_the_demo_world(tmp_path: Path) -> None:
    """The default world: what a first run prints and what it holds."""
    data = tmp_path / "data"
    first = recsys("run", "--data-dir", data)
    assert first.code == 0, first.err
    assert "made-up demo world" in first.out
    lines = first.out[first.out.index("Ten songs") :].splitlines()[2:12]
    assert [line.split()[0] for line in lines] == [str(rank) for rank in range(1, 11)]
    again = recsys("run", "--json", "--data-dir", data).json
    assert (again["listens"], again["users"], again["stages_done"]) == (150_000, 200, [])
    assert 2_500 < again["songs"] <= 3_000
    hybrid, popular = (
        recsys("evaluate", "--json", "--data-dir", data).json["methods"][name]["ndcg@10"]
        for name in ("hybrid", "popular")
    )
    assert hybrid > 1.5 * popular


def test_nothing_new_changes_nothing(world: Path) -> None:
    before = times(world)
    done = recsys("run", "--json", "--data-dir", world).json
    assert done["stages_done"] == []
    assert times(world) == before


def test_event_log_and_cache_may_be_lost_and_json_says_what_was_done_again(world: Path) -> None:
    before = contents(world)
    shutil.rmtree(world / "dagster")
    assert recsys("run", "--json", "--data-dir", world).json["stages_done"] == []
    shutil.rmtree(world / "cache")
    done = recsys("run", "--json", "--data-dir", world).json
    assert {"listens", "users", "songs", "songs_with_features", "release"} <= set(done)
    assert set(done["seconds"]) == set(done["stages_done"])
    assert len(done["stages_done"]) == 11
    assert contents(world) == before
    assert len(recsys("releases", "--json", "--data-dir", world).json["releases"]) == 1


def test_what_changes_in_the_history_is_taken_in_and_ids_stay(world: Path, tmp_path: Path) -> None:
    """A new file, a listener renamed in an old one, and files that cannot be used, in one run."""
    songs = pl.read_parquet(world / "tables" / "songs.parquet")
    own = tmp_path / "own.csv"
    own.write_text(
        "Username,Artist,Track,Album,Date,Time\n"
        + "".join(
            f"me,{song['artist']},{song['title']},,0{day} Mar 2024, 10:0{day}\n"
            for day, song in enumerate(songs.head(5).iter_rows(named=True), start=1)
        )
        + "me,A New Artist,A New Song,,09 Mar 2024, 10:00\n",
        encoding="utf-8",
    )
    history = world / "raw" / "history"
    rename_a_listener(history / "demo" / "Last.fm_data.csv", history / "first.csv")
    write_unusable(world / "raw")
    taken = recsys("import", own, "--json", "--data-dir", world).json
    assert taken["imported"][0]["listens"] == 6
    done = recsys("run", "--json", "--data-dir", world)
    assert done.code == 0, done.err
    assert done.json["listens"] == LISTENS + 6
    assert done.json["users"] == USERS + 1
    after = pl.read_parquet(world / "tables" / "songs.parquet")
    ids = ["song_id", "song_key"]
    assert after.head(songs.height).select(ids).equals(songs.select(ids))
    assert after.tail(1)["title"].item() == "A New Song"
    for listener in ("me", "zoe"):
        answer = recsys("recommend", "--user", listener, "--json", "--data-dir", world).json
        assert len(answer["recommendations"]) == 10
    assert recsys("recommend", "--user", "listener_001", "--data-dir", world).code == 1


def rename_a_listener(before: Path, after: Path) -> None:
    text = before.read_text(encoding="utf-8")
    after.write_text(text.replace("listener_001", "zoe"), encoding="utf-8")
    before.unlink()


def write_unusable(raw: Path) -> None:
    history = raw / "history"
    (history / "empty.csv").touch()
    (history / "header.csv").write_text("Username,Artist,Track,Album,Date,Time\n")
    (history / "columns.csv").write_text("Username,Artist,Album,Date,Time\na,b,c,d,e\n")
    (history / "utf16.csv").write_text("Username,Artist\n", encoding="utf-16")
    (raw / "features" / "empty.parquet").touch()


def test_nothing_that_can_be_used_is_one_clear_line(tmp_path: Path) -> None:
    history = tmp_path / "data" / "raw" / "history"
    history.mkdir(parents=True)
    (history / "header.csv").write_text("Username,Artist,Track,Album,Date,Time\n")
    done = recsys("run", "--data-dir", tmp_path / "data")
    assert done.code == 1
    assert len(done.err.splitlines()) == 1
    assert "header.csv has a header and no rows" in done.err


def test_an_unknown_source_is_one_clear_line(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_FEATURE_SOURCES", "catalogue,oracle")
    done = recsys("run", "--data-dir", world)
    assert done.code == 1
    assert "oracle" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_two_runs_do_not_work_in_one_folder(world: Path) -> None:
    from filelock import FileLock

    with FileLock(world / "cache" / "lock"):
        done = recsys("run", "--data-dir", world)
    assert done.code == 1
    assert "Another run is at work" in done.err


def test_a_lost_release_is_made_again_and_a_rollback_stays(world: Path) -> None:
    listed = recsys("releases", "--json", "--data-dir", world).json
    (world / "releases" / "CURRENT").unlink()
    assert recsys("run", "--data-dir", world).code == 0
    assert (world / "releases" / "CURRENT").read_text().strip() == listed["current"]
    (world / "releases" / listed["current"] / "features.npy").write_bytes(b"damaged")
    damaged = recsys("search", "a", "--data-dir", world)
    assert damaged.code == 1
    assert "features.npy" in damaged.err
    assert recsys("run", "--data-dir", world).code == 0
    assert recsys("search", "a", "--data-dir", world).code == 0


def test_own_history_puts_the_demo_aside(world: Path, tmp_path: Path) -> None:
    """Songs of the demo keep their ids, and nothing is learned of them or from them."""
    own = tmp_path / "own.csv"
    rows = [
        f"user{user},Artist {song % 9},Song {song},,01 Mar 2024, 10:{song:02}\n"
        for user in range(6)
        for song in range(user, 60, 2 + user % 3)
    ]
    own.write_text("Username,Artist,Track,Album,Date,Time\n" + "".join(rows), encoding="utf-8")
    models = []
    for data in (world, tmp_path / "alone"):
        taken = recsys("import", own, "--data-dir", data)
        assert ("steps aside" in taken.out) == (data == world)
        done = recsys("run", "--json", "--data-dir", data)
        assert done.code == 0, done.err
        found = [done.json[name] for name in ("listens", "users", "songs", "demo")]
        assert found == [len(rows), 6, 60, False]
        models.append(SvdModel.load(data / "models" / "svd" / "final"))
    assert recsys("search", "", "-n", "100", "--json", "--data-dir", world).json["songs"]
    assert "made-up" not in recsys("status", "--data-dir", world).out
    after_demo, alone = models
    dead = pl.read_parquet(world / "tables" / "songs.parquet")["plays"].to_numpy() == 0
    assert dead.sum() > 1_000
    assert not after_demo.item_factors[dead].any()
    assert not after_demo.item_bias[dead].any()
    assert after_demo.mean == pytest.approx(alone.mean, abs=0.02)


def test_the_real_history(tmp_path: Path) -> None:
    history = real_data("lastfm", "Last.fm_data.csv")
    catalogue = real_data("audio_features", "song_audio_features.csv")
    data = tmp_path / "data"
    taken = recsys("import", history, catalogue, "--json", "--data-dir", data).json
    assert [one["rows"] for one in taken["imported"]] == [96_647, 83_710]
    done = recsys("run", "--json", "--data-dir", data)
    assert done.code == 0, done.err
    assert (done.json["listens"], done.json["users"]) == (96_647, 6)
    listens = pl.read_parquet(data / "tables" / "listens" / "*.parquet")
    assert listens.height == 96_647
    played = pl.read_parquet(data / "tables" / "interactions.parquet")["play_count"].sum()
    assert played == (~listens["burst"]).sum() == 96_647 - 880
    before = times(data)
    assert recsys("run", "--json", "--data-dir", data).json["stages_done"] == []
    assert times(data) == before
