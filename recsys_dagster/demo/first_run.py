"""A first run has something to work on: the demo world, until there is a real history."""

from recsys_dagster.demo.config import DemoConfig
from recsys_dagster.demo.writing import DemoSummary, write_demo
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files


def ensure_history(layout: Layout, progress: Progress = SILENT) -> DemoSummary | None:
    """Make the demo world where there is no history at all; returns what was made, if so."""
    if find_raw_files(layout).history:
        return None
    return write_demo(layout.demo_history, layout.demo_catalogues, DemoConfig(), progress)
