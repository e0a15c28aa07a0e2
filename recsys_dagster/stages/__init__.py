"""What each stage does to the data folder, whoever asks for it: `recsys_dagster.defs` as assets."""
