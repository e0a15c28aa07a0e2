"""The gate: a hybrid that is worse than its parts does not take the place of a release."""

import json
import shutil
from typing import Any

import dagster as dg
import pytest

from recsys_dagster.defs import checks
from recsys_dagster.defs.running import run_everything
from recsys_dagster.recommend.ranker import Fusion, Rankers
from recsys_dagster.stages.quality import FILE
from recsys_dagster.stages.release import answers, worth_keeping
from recsys_dagster.workshop import STAGES, Workshop

pytestmark = pytest.mark.slow
WORSE = {"mean": -0.05, "interval": [-0.08, -0.02]}
BETTER = {"mean": 0.05, "interval": [0.02, 0.08]}


def find(
    shop: Workshop, difference: dict[str, Any], released: dict[str, Any] | None = None
) -> None:
    """Let the evaluation have found differences to the best part and to the released ranker."""
    target, before = shop.layout.evaluation / FILE, shop.stamps.read("evaluation")
    assert before is not None
    document = json.loads(target.read_text("utf-8"))
    document["differences"][document["best_part"]]["ndcg@10"] = difference
    document["released"] = released and {
        "release": shop.releases.current_id(),
        "difference": {"ndcg@10": released},
    }
    target.write_text(json.dumps(document), "utf-8")
    files = [*shop.layout.evaluation.iterdir(), shop.layout.learned_from]
    expected = shop.expected(STAGES["evaluation"])
    shop.stamps.write("evaluation", expected, files, {**before.facts, "figures": document})


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
    for words in ("The hybrid is worse", "its best part", "-0.050", "-0.080 to -0.020",
                  f"{current} stays"):  # fmt: skip
        assert words in said
    assert said in done.remarks
    find(shop, BETTER)
    assert said not in run_everything().remarks
    assert len(shop.releases.ids()) == len(before) + 1
    assert check().passed


def test_a_better_released_ranker_alone_keeps_the_old_release(shop: Workshop) -> None:
    before, current = shop.releases.ids(), shop.releases.current_id()
    find(shop, BETTER, released=WORSE)
    done = run_everything()
    assert done.done == ("recommender_release",)
    assert (shop.releases.ids(), shop.releases.current_id()) == (before, current)
    found = check()
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.ERROR)
    said = str(found.description)
    for words in ("The hybrid is better", "its best part", "The hybrid is worse",
                  f"the ranker of release {current}", f"{current} stays"):  # fmt: skip
        assert words in said
    find(shop, BETTER, released=BETTER)
    run_everything()
    assert len(shop.releases.ids()) == len(before) + 1
    assert check().passed


def test_the_released_ranker_is_not_compared_with_itself(shop: Workshop) -> None:
    """What was learned again from the same gives the same evaluation, and no new release."""
    before, document = shop.releases.ids(), (shop.layout.evaluation / FILE).read_bytes()
    shop.stamps.forget("evaluation")
    assert "evaluation" in run_everything().done
    assert (shop.layout.evaluation / FILE).read_bytes() == document
    assert shop.releases.ids() == before


def test_another_released_ranker_is_compared_over_the_same_models(shop: Workshop) -> None:
    release = shop.releases.open_current()
    with shop.releases.build() as building:
        kept = shutil.ignore_patterns("manifest.json", "ranker")
        shutil.copytree(release.path, building, ignore=kept, dirs_exist_ok=True)
        (building / "ranker").mkdir()
        Rankers.alike(Fusion({"popular": 1.0})).save(building / "ranker")
        other = shop.releases.publish(building, figures={}, demo=True, check=answers)
    shop.stamps.forget("evaluation")
    run_everything()
    found = json.loads((shop.layout.evaluation / FILE).read_text("utf-8"))
    assert found["released"]["release"] == other.id
    mine, popular = (found["methods"][name]["ndcg@10"] for name in ("hybrid", "popular"))
    # The final ranker, which has seen who is asked as the other has, not those learned crosswise.
    difference = found["released"]["difference"]["ndcg@10"]["mean"]
    assert difference > mine - popular - 1e-6


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
