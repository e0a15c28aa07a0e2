"""The pipeline as Dagster sees it: thin assets, checks, jobs, schedules, sensors."""
