"""Every file of a data folder damaged in some way; all ways: `recsys_dagster_tests.damaging`."""

import random
import shutil
from itertools import cycle
from pathlib import Path

import polars as pl
import pytest

from recsys_dagster import cli
from recsys_dagster.recommend import Recommender
from recsys_dagster.storage.releases import Releases
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.damaging import (
    KINDS,
    add_earlier_release,
    check_noticed,
    check_serving,
    damaged,
    files_of,
    owner,
    partner,
)
from recsys_dagster_tests.reliability.aftermath import contents


@pytest.fixture(scope="module")
def shelf(demo_world: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo world with an earlier release; each test leaves it as it was."""
    data = tmp_path_factory.mktemp("damaged") / "data"
    shutil.copytree(demo_world, data)
    add_earlier_release(data)
    return data


def test_damage_to_any_file_is_noticed_and_never_served(shelf: Path) -> None:
    names, rng, kinds = files_of(shelf), random.Random(0), cycle(KINDS)
    assert len(names) > 150
    stages = {name: owner(shelf, name) for name in names}
    for name, kind in zip(names, kinds, strict=False):
        with damaged(shelf, name, kind, partner(names, name, rng)) as changed:
            if changed:
                check_serving(shelf, name, opening=lambda release: release.id)
                check_noticed(shelf, name, stages[name])


def rot(path: Path) -> None:
    """Flip a bit, in a file of its own and with the time that it had."""
    with damaged(path.parent, path.name, "rotten", path.name):
        worse = shutil.copy2(path, path.with_name("worse"))
    path.unlink()
    Path(worse).rename(path)


@pytest.mark.slow
def test_a_run_heals_what_has_rotted_or_is_cut_off_and_ids_stay(
    shelf: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    shutil.copytree(shelf, data)
    current = Releases(data / "releases").open_current()
    rot(data / "tables" / "songs.parquet")
    rot(data / "tables" / "audio_features" / "batch=00001.parquet")
    rot(next((data / "models" / "knn").glob("*.npy")))
    rot(current.path / "features.npy")
    part = next((data / "tables" / "listens").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:1_000])
    said = recsys("status", "--data-dir", data)
    assert said.code == 1
    assert "Traceback" not in said.err
    done = recsys("run", "--json", "--data-dir", data)
    assert done.code == 0, done.err
    assert contents(data) == contents(shelf)
    assert "The table of songs was damaged; songs keep the ids of release" in done.err + str(
        done.json["remarks"]
    )
    assert "svd_model" not in done.json["stages_done"]
    Releases(data / "releases").open_current()
    shutil.rmtree(data / "tables")
    done = recsys("run", "--json", "--data-dir", data)
    assert done.code == 0, done.err
    assert contents(data) == contents(shelf)
    assert "The table of songs was gone" in done.json["remarks"][0]
    assert recsys("run", "--json", "--data-dir", data).json["remarks"] == []


@pytest.mark.parametrize("what", ["a file", "CURRENT"])
@pytest.mark.parametrize("command", [["recommend"], ["search", "a"], ["evaluate"]])
def test_a_command_says_that_it_went_back(
    shelf: Path,
    command: list[str],
    what: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr("sys.argv", ["recsys", *arguments])
        cli.app(standalone_mode=False)
        captured = capsys.readouterr()
        return captured.out, captured.err

    monkeypatch.setenv("RECSYS_DATA_DIR", str(shelf))
    current = Releases(shelf / "releases").current_id()
    name = f"releases/{current}/songs.parquet" if what == "a file" else "releases/CURRENT"
    with damaged(shelf, name, "emptied", name):
        out, err = run(*command, "--json")
        assert '"warning": "' in out
        out, err = run(*command)
        assert out
        assert len(err.splitlines()) == (2 if command == ["recommend"] else 1)
        assert "Until then release" in err
        assert "problem" in run("status")[0]
        assert '"served_release": "' in run("status", "--json")[0]
        assert "20200101" in run("releases")[0]
    out, err = run(*command, "--json")
    assert '"warning"' not in out


def test_who_opens_it_in_python_is_warned(shelf: Path) -> None:
    name = "releases/CURRENT"
    with (
        damaged(shelf, name, "emptied", name),
        pytest.warns(UserWarning, match="Until then release"),
    ):
        assert Recommender.open(shelf).popular(1)


def test_a_released_table_of_songs_has_all_that_ids_are_told_by(shelf: Path) -> None:
    release = Releases(shelf / "releases").open_current()
    released = pl.read_parquet(release.path / "songs.parquet")
    table = pl.read_parquet(shelf / "tables" / "songs.parquet")
    assert released.select(table.columns).equals(table)
