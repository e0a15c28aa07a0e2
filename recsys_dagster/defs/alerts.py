"""Alerts: what went wrong is told in the log and, where one is set, by a webhook."""

from datetime import UTC, datetime

import dagster as dg

from recsys_dagster.alerting import alert, staleness
from recsys_dagster.defs.automation import SENSOR
from recsys_dagster.defs.failures import cause, told
from recsys_dagster.settings import load_settings
from recsys_dagster.workshop import Workshop

_HOUR = 3_600


@dg.run_failure_sensor(default_status=SENSOR, monitor_all_code_locations=False)
def alert_on_failure(context: dg.RunFailureSensorContext) -> None:
    """Tell of a run that failed: which job, and why in words."""
    run = context.dagster_run
    why = [in_words(event) for event in context.get_step_failure_events()]
    text = " ".join(why) or context.failure_event.message or "It was stopped or killed."
    alert(f"The run {run.run_id[:8]} of {run.job_name} failed. {text}", load_settings())


def in_words(event: dg.DagsterEvent) -> str:
    """Why a step failed; of an unforeseen error the kind alone, for its text may hold anything."""
    error = cause(event)
    kind = error.cls_name if error else "no reason"
    return told(event) or f"{event.step_key}: {kind}; the log of the run says more."


@dg.sensor(minimum_interval_seconds=_HOUR, default_status=SENSOR, jobs=[])
def alert_on_stale_release(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Tell once a day when the release is broken, or new listens wait too long for one."""
    shop, now = Workshop.open(), datetime.now(UTC)
    text = staleness(shop, now)
    if text is None:
        context.update_cursor("")
        return dg.SkipReason("The release is whole and fresh.")
    today = now.date().isoformat()
    if context.cursor != today:
        alert(text, shop.settings)
        context.update_cursor(today)
    return dg.SkipReason(text)
