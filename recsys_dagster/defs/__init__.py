"""The pipeline as Dagster sees it: thin assets, checks, jobs, schedules, sensors."""

import warnings

# What Dagster calls "beta": there is nothing that a user could do about it. Told by its words, not
# its class: `recsys up` prepares Dagster's home without the memory that importing Dagster takes.
warnings.filterwarnings("ignore", message=".* is currently in beta")
