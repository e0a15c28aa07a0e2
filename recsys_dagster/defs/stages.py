"""How a stage runs as an asset.

Whether it is done is told by its stamp on disk (`recsys_dagster.workshop`), never by Dagster's
event log. So materialising a stage that is done costs next to nothing and changes
nothing, however often and from wherever it is asked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.defs.pipes import run_on_cluster
from recsys_dagster.engines.local import LocalEngine
from recsys_dagster.errors import RecsysError
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.stages.clustered import CLUSTERED
from recsys_dagster.stages.job import FULL as JOB_FULL
from recsys_dagster.storage.lock import refuse_if_gone, writing
from recsys_dagster.storage.stages import SeenWhole
from recsys_dagster.storage.trouble import trouble_in_words
from recsys_dagster.storage.under_way import under_way
from recsys_dagster.workshop import STAGES, Workshop

FULL = "recsys/full"
"""Tag of a run in which everything is learned anew, however little is new."""
UP_TO_DATE = "up to date before"
"""Metadata of a materialisation: whether there was nothing to do."""
SECONDS = "seconds"
"""Metadata of a materialisation: how long it took by a clock that does not jump."""
Metadata = Mapping[str, Any]


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
    full = context.run.tags.get(FULL) == "true"
    workshop = open_workshop(full=full, seen=_seen_in(context.run.run_id))
    with (
        failing_in_words(workshop.layout.root),
        writing(workshop.layout),
        failing_in_words(workshop.layout.root),  # once more: who has the lock knows if it is gone
        progress.current().task(stage.name, 1) as task,
    ):
        if before:
            before(workshop)
        expected = workshop.expected(stage)
        stamp = workshop.done(stage)
        if up_to_date := stamp is not None:
            context.log.info(f"{stage.name} is up to date: nothing to do.")
            task.advance(note="up to date")
        else:
            with under_way(workshop.layout, stage.name):
                outputs, facts = make(workshop)
                refuse_if_gone(workshop.layout)  # what is made in its place must not count as done
                stamp = workshop.stamps.write(stage.name, expected, outputs, facts)
            task.advance()
        assert stamp is not None  # noqa: S101
        metadata = describe(stamp.facts, workshop)
    seconds = round(time.monotonic() - started, 3)
    return dg.MaterializeResult(
        metadata={**metadata, UP_TO_DATE: up_to_date, SECONDS: seconds},
        data_version=dg.DataVersion(stamp.data_version),
    )


def run_on_engine(
    context: dg.AssetExecutionContext,
    describe: Callable[[Facts, Workshop], Metadata],
    before: Callable[[Workshop], None] | None = None,
) -> dg.MaterializeResult[Any]:
    """The same for a stage of `CLUSTERED`, which runs where RECSYS_ENGINE says."""
    name = context.asset_key.path[-1]

    def make(shop: Workshop) -> Made:
        if shop.settings.engine == "local":
            return CLUSTERED[name](shop, LocalEngine())
        with progress.current().task(f"{name} on Spark", 1) as task:
            made = run_on_cluster(
                context, shop.settings, name, {JOB_FULL: shop.full},
                lambda words: task.advance(0, note=words),
            )  # fmt: skip
        context.add_asset_metadata(dict(made.metadata))
        return made.outputs, made.facts

    return run_stage(context, make, describe, before)


@contextmanager
def failing_in_words(root: Path) -> Iterator[None]:
    """Fail a step with one sentence where the input or the disk is to blame, and for good."""
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        trouble = trouble_in_words(error, root)
        if trouble is None:
            raise
        raise dg.Failure(str(trouble), allow_retries=False) from error


def open_workshop(*, full: bool = False, seen: SeenWhole | None = None) -> Workshop:
    """Open the data folder, thoroughly where it is to be remembered what was read.

    A setting that is wrong fails the step with one sentence.
    """
    try:
        return Workshop.open(full=full, thorough=seen is not None, seen=seen)
    except RecsysError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


@lru_cache(maxsize=1)
def _seen_in(run_id: str) -> SeenWhole:  # noqa: ARG001
    """What the steps of a run in this process have read whole: one model is input of many."""
    return {}
