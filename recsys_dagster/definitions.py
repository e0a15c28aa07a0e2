"""What Dagster loads."""

import dagster as dg

from recsys_dagster.defs import audio, listening, models, quality, release
from recsys_dagster.defs.automation import everything, new_raw_files, weekly_refresh
from recsys_dagster.defs.checks import CHECKS

defs = dg.Definitions(
    assets=dg.load_assets_from_modules(
        [listening, audio, models, quality, release], include_specs=True
    ),
    asset_checks=CHECKS,
    jobs=[everything],
    schedules=[weekly_refresh],
    sensors=[new_raw_files],
    executor=dg.in_process_executor,
)
