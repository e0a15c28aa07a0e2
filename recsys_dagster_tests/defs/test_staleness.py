"""What the pipeline UI shows as stale after a history file was added."""

import os
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

import recsys_dagster.definitions as code_location
from recsys_dagster.defs.running import run_everything
from recsys_dagster.storage.layout import Layout
from recsys_dagster.workshop import Workshop

HEADER = ",Username,Artist,Track,Album,Date,Time\n"


@pytest.fixture
def layout(world: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    """A world that was run, with what Dagster knows of it."""
    layout = Layout(world)
    monkeypatch.setenv("DAGSTER_HOME", str(layout.dagster))
    return layout


def stale() -> set[str]:
    """The stale assets, as the UI works them out."""
    graph = code_location.defs.resolve_asset_graph()
    with dg.DagsterInstance.from_config(os.environ["DAGSTER_HOME"]) as instance:
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        return {
            key.to_user_string()
            for key in graph.materializable_asset_keys
            if not graph.get(key).is_partitioned and resolver.get_status(key) == StaleStatus.STALE
        }


def add(layout: Layout, day: int) -> None:
    """One listen more, of a song that is there."""
    line = (layout.demo_history / "Last.fm_data.csv").read_text().splitlines()[5].split(",")
    row = ["0", "a_new_listener", *line[2:5], f"0{day} Jan 2026", " 10:00"]
    (layout.demo_history / f"more-{day}.csv").write_text(HEADER + ",".join(row) + "\n")


@pytest.mark.slow
def test_only_what_a_new_file_touches_is_stale_and_no_batch_is_asked_again(layout: Layout) -> None:
    assert stale() == set()
    batches = {file: file.stat().st_mtime_ns for file in layout.feature_batches.iterdir()}
    add(layout, 1)
    job = code_location.defs.resolve_job_def("everything")
    with dg.DagsterInstance.from_config(str(layout.dagster)) as instance:
        job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("listens")])
    assert stale() == {"user_song_interactions", "recommender_release"}
    add(layout, 2)
    outcome = run_everything()
    assert {"listens", "svd_model", "recommender_release"} <= set(outcome.done)
    assert "knn_index" not in outcome.done
    assert stale() == set()
    assert {file: file.stat().st_mtime_ns for file in layout.feature_batches.iterdir()} == batches


def test_a_stage_that_an_earlier_version_made_is_shown(shop: Workshop) -> None:
    """It is up to date, and its stamp lacks what later versions note."""
    later = {"user_song_interactions": "drift", "listens": "by_month"}
    for stage, fact in later.items():
        stamp = shop.stamps.read(stage)
        assert stamp is not None
        facts = {name: value for name, value in stamp.facts.items() if name != fact}
        outputs = [shop.layout.root / name for name in stamp.outputs]
        shop.stamps.write(stage, stamp.fingerprint, outputs, facts)
    job = code_location.defs.resolve_job_def("everything")
    with dg.instance_for_test() as instance:
        done = job.execute_in_process(
            instance=instance, asset_selection=[dg.AssetKey(stage) for stage in later]
        )
    assert done.success
