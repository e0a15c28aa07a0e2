"""Old runs are forgotten, with their events and logs."""

import dagster as dg
import pytest

from recsys_dagster.defs.housekeeping import forget_old_runs

pytestmark = pytest.mark.slow


@dg.asset
def often() -> None:
    """Made by every run."""


@dg.asset
def once() -> None:
    """Made by the first run alone."""


def run(instance: dg.DagsterInstance, asset: dg.AssetsDefinition) -> str:
    return dg.materialize([asset], instance=instance).run_id


def test_the_newest_runs_stay_and_the_last_of_each_asset(instance: dg.DagsterInstance) -> None:
    first = run(instance, once)
    others = [run(instance, often) for _ in range(5)]
    assert forget_old_runs(instance, 2) == 3
    assert {one.run_id for one in instance.get_runs()} == {first, *others[3:]}
    assert not instance.all_logs(others[0])
    assert instance.get_latest_materialization_event(once.key) is not None
    assert forget_old_runs(instance, 2) == 0


def test_a_run_under_way_stays(instance: dg.DagsterInstance) -> None:
    job = dg.Definitions([once], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    going = instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED)
    for _ in range(2):
        run(instance, often)
    forget_old_runs(instance, 1)
    assert going.run_id in {one.run_id for one in instance.get_runs()}
