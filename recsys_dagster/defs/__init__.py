"""The pipeline as Dagster sees it: thin assets, checks, jobs, schedules, sensors."""

import warnings

import dagster as dg

# Single-run backfills are "beta" in name; there is nothing that a user could do about it.
warnings.filterwarnings("ignore", category=dg.BetaWarning)
