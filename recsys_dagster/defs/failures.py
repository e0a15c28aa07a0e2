"""Why a step failed, as Dagster's events have it."""

from typing import Any

import dagster as dg


def told(event: dg.DagsterEvent) -> str | None:
    """What was foreseen, in the words of the stage; `None` for an error that was not."""
    said = event.step_failure_data.user_failure_data
    return f"{event.step_key}: {said.description}" if said and said.description else None


def cause(event: dg.DagsterEvent) -> Any:
    """The error at the bottom, with `cls_name` and `message`; `None` where none is known."""
    error = event.step_failure_data.error
    return error and (error.cause or error)
