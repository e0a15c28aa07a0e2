"""The made-up listening world that a first run uses."""

from recsys_dagster.demo.config import DemoConfig
from recsys_dagster.demo.first_run import ensure_history
from recsys_dagster.demo.writing import DemoSummary, write_demo

__all__ = ["DemoConfig", "DemoSummary", "ensure_history", "write_demo"]
