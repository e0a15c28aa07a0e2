"""How a stage runs as an asset.

Whether it is done is told by its stamp on disk (`recsys_dagster.workshop`), never by Dagster's
event log. So materialising a stage that is done costs next to nothing and changes
nothing, however often and from wherever it is asked for.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.lock import writing
from recsys_dagster.workshop import STAGES, Workshop

FULL = "recsys/full"
"""Tag of a run in which everything is learned anew, however little is new."""
UP_TO_DATE = "up to date before"
"""Metadata of a materialisation: whether there was nothing to do."""
Facts = dict[str, Any]
Metadata = Mapping[str, Any]


Made = tuple[Iterable[Path], Facts]


def run_stage(
    context: dg.AssetExecutionContext,
    make: Callable[[Workshop], Made],
    describe: Callable[[Facts, Workshop], Metadata],
    before: Callable[[Workshop], None] | None = None,
) -> dg.MaterializeResult[Any]:
    """Materialise a stage, unless it is done.

    Parameters
    ----------
    context
        Of the asset; its name is the stage's.
    make
        Does the work; returns what it wrote, and facts about it as JSON.
    describe
        Turns the facts into Dagster's metadata.
    before
        Is called first, for what has to be there before one can tell whether the stage is done.
    """
    stage = STAGES[context.asset_key.path[-1]]
    started = time.monotonic()
    try:
        workshop = Workshop.open(full=context.run.tags.get(FULL) == "true", thorough=True)
        with writing(workshop.layout), progress.current().task(stage.name, 1) as task:
            if before:
                before(workshop)
            expected = workshop.expected(stage)
            stamp = workshop.done(stage)
            if up_to_date := stamp is not None:
                context.log.info(f"{stage.name} is up to date: nothing to do.")
                task.advance(note="up to date")
            else:
                outputs, facts = make(workshop)
                stamp = workshop.stamps.write(stage.name, expected, outputs, facts)
                task.advance()
        assert stamp is not None  # noqa: S101
        metadata = describe(stamp.facts, workshop)
    except RecsysError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
    except OSError as error:
        what = f"{error.strerror or error} ({error.filename}). Check the data folder and the disk."
        raise dg.Failure(what, allow_retries=False) from error
    seconds = round(time.monotonic() - started, 3)
    return dg.MaterializeResult(
        metadata={**metadata, UP_TO_DATE: up_to_date, "seconds": seconds},
        data_version=dg.DataVersion(stamp.data_version),
    )
