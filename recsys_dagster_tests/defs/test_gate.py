"""The gate: a hybrid that is worse than its parts does not take the place of a release."""

import json
import shutil
from typing import Any

import dagster as dg
import pytest

from recsys_dagster.defs import checks
from recsys_dagster.defs.quality import FILE
from recsys_dagster.defs.release import worth_keeping
from recsys_dagster.defs.running import run_everything
from recsys_dagster.defs.stages import STAGES, Workshop

pytestmark = pytest.mark.slow
WORSE = {"mean": -0.05, "interval": [-0.08, -0.02]}
BETTER = {"mean": 0.05, "interval": [0.02, 0.08]}


def find(shop: Workshop, difference: dict[str, Any]) -> None:
    """Let the evaluation have found a difference of the hybrid to its best part."""
    target = shop.layout.evaluation / FILE
    document = json.loads(target.read_text("utf-8"))
    document["differences"][document["best_part"]]["ndcg@10"] = difference
    target.write_text(json.dumps(document), "utf-8")
    files = [one for one in shop.layout.evaluation.iterdir() if one.is_file()]
    expected = shop.expected(STAGES["evaluation"])
    shop.stamps.write("evaluation", expected, files, {"figures": document})


def check() -> dg.AssetCheckResult:
    found = checks.hybrid_is_not_worse_than_its_parts()
    assert isinstance(found, dg.AssetCheckResult)
    return found


def test_the_old_release_stays_and_the_check_says_why(shop: Workshop) -> None:
    before, current = shop.releases.ids(), shop.releases.current_id()
    find(shop, WORSE)
    done = run_everything()
    assert done.done == ("recommender_release",)
    assert shop.releases.ids() == before
    assert shop.releases.current_id() == current
    assert shop.stale() == []
    found = check()
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.ERROR
    said = str(found.description)
    for words in ("worse than one of its parts", "-0.050", "-0.080 to -0.020", f"{current} stays"):
        assert words in said
    assert said in done.remarks
    find(shop, BETTER)
    assert said not in run_everything().remarks
    assert len(shop.releases.ids()) == len(before) + 1
    assert check().passed


def test_a_first_release_is_published_with_a_warning(shop: Workshop) -> None:
    shutil.rmtree(shop.layout.releases)
    find(shop, WORSE)
    done = run_everything()
    first = shop.releases.current_id()
    assert shop.releases.ids() == [first]
    found = check()
    assert not found.passed
    assert found.severity == dg.AssetCheckSeverity.WARN
    assert "published all the same" in str(found.description)
    assert found.description in done.remarks
    # It failed itself, so it does not keep out the next one, which has newer songs at least.
    find(shop, {**WORSE, "mean": -0.04})
    run_everything()
    assert len(shop.releases.ids()) == 2
    assert shop.releases.current_id() != first


def test_a_made_up_world_is_not_kept_for_ones_own(shop: Workshop) -> None:
    kept = worth_keeping(shop)
    assert kept is not None
    assert kept.id == shop.releases.current_id()
    history = shop.layout.demo_history / "Last.fm_data.csv"
    shutil.move(history, shop.layout.history / "own.csv")
    assert worth_keeping(shop) is None


def test_a_damaged_release_is_not_kept(shop: Workshop) -> None:
    release = shop.layout.releases / str(shop.releases.current_id())
    (release / "songs.parquet").write_bytes(b"")
    assert worth_keeping(shop) is None
