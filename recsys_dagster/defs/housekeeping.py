"""What keeps Dagster's own store from growing for ever: old runs are forgotten."""

import dagster as dg

from recsys_dagster.defs.automation import SCHEDULE
from recsys_dagster.settings import load_settings

AT_ONCE = 100
"""So many runs are forgotten at a time, so that no run has to wait long for it."""
_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]


def forget_old_runs(instance: dg.DagsterInstance, keep: int) -> int:
    """Delete the events and logs of runs, but of the newest `keep`; returns how many.

    Runs that are under way stay, and so does the last one of each asset: the UI shows it. What is
    done is told by what lies on disk, so nothing but the history of runs is lost.
    """
    shown = {
        materialization.run_id
        for record in instance.get_asset_records()
        if (materialization := record.asset_entry.last_materialization_record)
    }
    ended = instance.get_run_records(dg.RunsFilter(statuses=_ENDED))
    old = [record.dagster_run.run_id for record in ended[keep:]]
    forgotten = [run_id for run_id in reversed(old) if run_id not in shown][:AT_ONCE]
    for run_id in forgotten:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    return len(forgotten)


@dg.op
def forget_runs(context: dg.OpExecutionContext) -> None:
    """Forget all but the newest runs (RECSYS_KEEP_RUNS)."""
    keep = load_settings().keep_runs
    forgotten = forget_old_runs(context.instance, keep)
    context.log.info(f"{forgotten} runs forgotten; the newest {keep} are kept.")


@dg.job(executor_def=dg.in_process_executor)
def housekeeping() -> None:
    """Forgets the events and logs of old runs."""
    forget_runs()


@dg.schedule(
    job=housekeeping, cron_schedule="30 5 * * *", execution_timezone="UTC", default_status=SCHEDULE
)
def daily_housekeeping() -> dg.RunRequest:
    """Forget old runs each day at 05:30 UTC."""
    return dg.RunRequest()
