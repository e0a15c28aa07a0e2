"""A refresh after a few new listens: the models learn them, ranker and evaluation stand."""

from pathlib import Path

import pytest

from recsys_dagster.defs.running import run_everything
from recsys_dagster.evaluation.protocol import age_in_words
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster_tests.reliability.aftermath import contents

pytestmark = pytest.mark.slow
HEADER = ",Username,Artist,Track,Album,Date,Time\n"
RELEASED = ("svd_model", "item_neighbours", "recommender_release", "user_recommendations")
STANDS = {"ranker", "evaluation"}


def add(world: Path, name: str, copies: int) -> None:
    """Listens of a new listener, of songs that are there; the demo steps aside for own history."""
    demo = (world / "raw" / "history" / "demo" / "Last.fm_data.csv").read_text().splitlines()
    rows = [line.split(",")[2:5] for line in demo[1 : copies + 1]]
    lines = [
        ",".join(["0", name, *row, f"{1 + day % 28:02d} Jan 2026", f" {day % 24:02d}:00"])
        for day, row in enumerate(rows)
    ]
    target = world / "raw" / "history" / "demo" / f"{name}.csv"
    target.write_text(HEADER + "\n".join(lines) + "\n")


def told(world: Path) -> float:
    """What the release says of how much is new since it was measured."""
    figures = Releases(Layout(world).releases).open_current().manifest["figures"]
    words = age_in_words(figures)
    assert (words is None) == (figures["new_since_evaluation"] == 0)
    return float(figures["new_since_evaluation"])


def test_ranker_and_evaluation_stand_until_they_are_asked_for(world: Path) -> None:
    add(world, "few", 60)
    refreshed = run_everything()
    assert set(RELEASED) <= set(refreshed.done)
    assert not STANDS & set(refreshed.done)
    assert run_everything().done == ()
    assert 0 < told(world) < 0.05
    assert set(run_everything(full=True).done) >= STANDS | {"svd_model", "item_neighbours"}
    assert run_everything(full=True).done == ()
    assert told(world) == 0


def test_a_refresh_killed_before_its_stamp_ends_as_one_that_was_not(world: Path) -> None:
    """What held-out listeners taught has a stamp of its own, so it is not learned again."""
    add(world, "few", 60)
    run_everything()
    wanted = contents(world)
    for stage in ("svd_model", "item_neighbours"):
        (world / "cache" / "stages" / f"{stage}.json").unlink()
    again = run_everything()
    assert {"svd_model", "item_neighbours"} <= set(again.done)
    assert not STANDS & set(again.done)
    assert contents(world) == wanted
