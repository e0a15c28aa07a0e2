"""What Dagster loads."""

import dagster as dg

from recsys_dagster.defs import audio, batch, fetching, listening, models, quality, release
from recsys_dagster.defs.alerts import alert_on_failure, alert_on_stale_release
from recsys_dagster.defs.automation import (
    enough_is_new,
    fill_pending_batches,
    new_raw_files,
    nightly_fetch,
    weekly_refresh,
)
from recsys_dagster.defs.checks import CHECKS
from recsys_dagster.defs.housekeeping import daily_housekeeping, housekeeping
from recsys_dagster.defs.jobs import everything, fetch_histories, take_in

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [fetching, listening, audio, models, quality, release, batch], include_specs=True
    ),
    asset_checks=CHECKS,
    jobs=[everything, take_in, fetch_histories, housekeeping],
    schedules=[weekly_refresh, nightly_fetch, daily_housekeeping],
    sensors=[
        new_raw_files,
        fill_pending_batches,
        enough_is_new,
        alert_on_failure,
        alert_on_stale_release,
    ],
    executor=dg.in_process_executor,
)
