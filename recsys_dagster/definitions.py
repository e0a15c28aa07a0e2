"""What Dagster loads."""

import dagster as dg

from recsys_dagster.defs import audio, batch, fetching, listening, models, quality, release
from recsys_dagster.defs.automation import (
    everything,
    fetch_histories,
    new_raw_files,
    nightly_fetch,
    weekly_refresh,
)
from recsys_dagster.defs.checks import CHECKS

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [fetching, listening, audio, models, quality, release, batch], include_specs=True
    ),
    asset_checks=CHECKS,
    jobs=[everything, fetch_histories],
    schedules=[weekly_refresh, nightly_fetch],
    sensors=[new_raw_files],
    executor=dg.in_process_executor,
)
