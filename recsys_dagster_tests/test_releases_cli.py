"""`recsys releases`: the list, going back and deleting."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recsys_dagster.cli import app
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases


@pytest.fixture
def ids(tmp_path: Path) -> list[str]:
    """Two releases, the older one first."""
    releases, made = Releases(Layout(tmp_path / "data").releases), []
    for note in ("one", "two"):
        with releases.build() as building:
            (building / "note").write_text(note, encoding="utf-8")
            made.append(releases.publish(building, figures={}, demo=True, check=lambda _: None).id)
    return made


def said(*words: str) -> str:
    done = CliRunner().invoke(app, ["releases", *words])
    if done.exception:
        raise done.exception
    return done.stdout


def test_one_goes_back_and_it_is_shown_that_it_stays(ids: list[str]) -> None:
    old, new = ids
    assert said("rollback", old) == f"The current release is {old}.\n"
    assert json.loads(said("rollback", old, "--json")) == {"current": old}
    assert "current" in next(line for line in said().splitlines() if old in line)
    assert json.loads(said("rollback", new, "--json")) == {"current": new}
    assert "you went back to it" in next(line for line in said().splitlines() if old in line)


def test_any_but_the_current_one_can_be_deleted(ids: list[str], tmp_path: Path) -> None:
    old, new = ids
    with pytest.raises(RecsysError, match="is the current one"):
        said("delete", new)
    assert said("delete", old) == f"Release {old} is deleted.\n"
    said("rollback", new)
    with pytest.raises(RecsysError, match="There is no release"):
        said("delete", old, "--json")
    assert [path.name for path in (tmp_path / "data" / "releases").glob("2*")] == [new]


def test_a_current_one_that_is_gone_is_said(ids: list[str], tmp_path: Path) -> None:
    (tmp_path / "data" / "releases" / "CURRENT").unlink()
    done = CliRunner().invoke(app, ["releases"])
    assert all(one in done.stdout for one in ids)
    assert json.loads(said("delete", ids[0], "--json")) == {"deleted": ids[0]}
