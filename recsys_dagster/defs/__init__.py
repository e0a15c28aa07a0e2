"""The pipeline as Dagster sees it: thin assets, checks, jobs, schedules, sensors."""

import warnings

# Single-run backfills are "beta" in name; there is nothing that a user could do about it. Named by
# its words: `recsys up` prepares Dagster's home without the memory that importing Dagster takes.
warnings.filterwarnings("ignore", message="Parameter `backfill_policy`")
