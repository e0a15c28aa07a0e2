"""A stage as a program of its own, on a cluster; `recsys_dagster.defs.pipes` starts it.

It is told what to do by Dagster Pipes, and answers with one custom message: what was made, or what
went wrong in one sentence.
"""

import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from dagster_pipes import PipesContext, open_dagster_pipes

from recsys_dagster import progress
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.engines.spark.telling import Telling, following, log_through
from recsys_dagster.engines.spark.trouble import spark_in_words
from recsys_dagster.engines.spark.where import where
from recsys_dagster.settings import load_settings
from recsys_dagster.stages.base import Made
from recsys_dagster.storage.trouble import trouble_in_words
from recsys_dagster.workshop import Workshop

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_Engine = TypeVar("_Engine")
MADE, TROUBLE = "made", "trouble"
"""Keys of the custom message: what was made, or what went wrong."""
STAGE, FULL, DATA_DIR = "stage", "full", "data_dir"
"""Extras that the job reads."""
PROGRAM = Path(__file__)
"""What a cluster is given to run."""


def run_job(
    makers: Mapping[str, Callable[[Workshop, _Engine], Made]],
    engine_of: Callable[["SparkSession"], _Engine],
) -> None:
    """Make the stage that Pipes asks for.

    Parameters
    ----------
    makers
        What makes each stage.
    engine_of
        Makes the engine of a session.
    """
    signal.signal(signal.SIGTERM, _end)
    with open_dagster_pipes() as pipes:
        log_through(pipes)
        settings = load_settings(Path(pipes.get_extra(DATA_DIR)))
        shop = Workshop(settings, full=bool(pipes.extras.get(FULL)), thorough=True)
        try:
            made = _make(pipes, shop, makers, engine_of)
        except Exception as error:
            trouble = trouble_in_words(error, shop.layout.root)
            trouble = trouble or spark_in_words(error, settings.secrets())
            if trouble is None:
                raise
            pipes.report_custom_message({TROUBLE: str(trouble)})
        else:
            pipes.report_custom_message({MADE: made})


def _make(
    pipes: PipesContext, shop: Workshop, makers: Mapping[str, Any], engine_of: Any
) -> dict[str, Any]:
    stage, telling = pipes.get_extra(STAGE), Telling(pipes)
    with open_session(shop.settings, f"recsys {stage}") as session:
        with progress.watched_by(telling), following(session, telling.tell):
            outputs, facts = makers[stage](shop, engine_of(session))
        metadata = {"spark": session.version, "cluster": where(shop.settings).shown}
    pipes.report_asset_materialization(metadata=metadata)
    return {"outputs": [str(path) for path in outputs], "facts": facts}


def _end(_number: int, _frame: FrameType | None) -> None:
    """Being asked to end closes the session, which ends its work on the cluster."""
    sys.exit(1)


if __name__ == "__main__":
    from recsys_dagster.engines.spark.engine import SparkEngine
    from recsys_dagster.stages.clustered import CLUSTERED

    run_job(CLUSTERED, SparkEngine)
