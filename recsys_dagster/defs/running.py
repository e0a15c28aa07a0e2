"""The main job in one process, as `recsys run` does it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from recsys_dagster import memory, progress
from recsys_dagster.audio.answers import drop_expired
from recsys_dagster.defs.failures import cause, told
from recsys_dagster.defs.home import DagsterHome, open_instance, prepare_dagster_home
from recsys_dagster.defs.housekeeping import forget_old_runs
from recsys_dagster.defs.jobs import EVERYTHING
from recsys_dagster.defs.quiet import without_asides
from recsys_dagster.defs.stages import FULL, SECONDS, UP_TO_DATE
from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.listens import union_in_words
from recsys_dagster.listening.readings import Reading, sentences_about
from recsys_dagster.stages.base import Facts
from recsys_dagster.stages.release import gate_in_words
from recsys_dagster.storage.atomic import sweep
from recsys_dagster.storage.lock import writing
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.trouble import disk_in_words
from recsys_dagster.storage.under_way import killed_in
from recsys_dagster.workshop import STAGES, Workshop

_TAGS = {"recsys/launched_by": "recsys run"}
_UNDER_WAY = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]


def _say_nothing(_: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """What a run did, and what it could not use.

    Attributes
    ----------
    done
        The stages that were done; those that were up to date are not among them.
    seconds
        By stage that took part.
    remarks
        In words: files that could not be used, and rows that were left out.
    """

    done: tuple[str, ...]
    seconds: dict[str, float]
    remarks: tuple[str, ...]


def run_everything(
    watcher: progress.Progress = progress.SILENT,
    warn: Callable[[str], None] = _say_nothing,
    *,
    full: bool = False,
) -> RunOutcome:
    """Materialise all that is missing or out of date.

    Parameters
    ----------
    watcher
        Is told of the progress.
    warn
        Is told at once what a person should know before the work begins.
    full
        Whether everything is to be learned anew, however little is new.

    Raises
    ------
    RecsysError
        Another run works in the data folder, a stage failed, or a blocking check did.
    """
    shop = Workshop.open(full=full, thorough=True)
    with (
        disk_in_words(shop.layout.root),
        writing(shop.layout, wait=False),
        disk_in_words(shop.layout.root),  # once more: who has the lock knows if it is gone
        progress.watched_by(watcher),
        without_asides(),
    ):
        sweep(shop.layout.root)
        lost = drop_expired(shop.layout.answers)
        if stage := killed_in(shop.layout):
            warn(memory.after_a_kill(shop.layout, stage))
        home = prepare_dagster_home(shop.layout)
        with open_instance(home.path) as instance:
            _bury_the_dead(instance)
            due = shop.stale()
            if not due and shop.releases.current_id() in shop.releases.ids():
                return RunOutcome((), {}, (*lost, *_remarks(shop, home)))
            if little := memory.warning(shop.layout):
                warn(little)
            done, seconds = _execute(instance, due or ["recommender_release"], full=full)
            forget_old_runs(instance, shop.settings.keep_runs)
        return RunOutcome(done, seconds, (*lost, *_ids(shop, done), *_remarks(shop, home)))


def _remarks(shop: Workshop, home: DagsterHome) -> tuple[str, ...]:
    listens, audio = shop.stamps.read("listens"), shop.stamps.read("audio_features")
    nothing: Facts = {"refused": [], "readings": [], "repeated": {}, "bursts": {}}
    heard = listens.facts if listens else nothing
    return (
        *([home.remark] if home.remark else []),
        *find_raw_files(shop.layout).remarks(),
        *heard["refused"],
        *sentences_about([Reading.from_dict(one) for one in heard["readings"]]),
        *union_in_words(*(sum(heard[kind].values()) for kind in ("repeated", "bursts"))),
        *((*audio.facts["refused"], *audio.facts.get("remarks", ())) if audio else ()),
        *_gate(shop),
    )


def _ids(shop: Workshop, done: tuple[str, ...]) -> Sequence[str]:
    """Where the ids of songs are from, said once: in the run that had to look elsewhere."""
    songs = shop.stamps.read("unique_songs") if "unique_songs" in done else None
    remarks: Sequence[str] = songs.facts["remarks"] if songs else ()
    return remarks


def _gate(shop: Workshop) -> tuple[str, ...]:
    """Why the old release stays, or why the first one is not what it should be."""
    if shop.stamps.read("evaluation") is None:
        return ()
    verdict, _ = gate_in_words(shop)
    return () if verdict.passed else (verdict.words,)


def _execute(
    instance: dg.DagsterInstance, stages: list[str], *, full: bool
) -> tuple[tuple[str, ...], dict[str, float]]:
    """Run the job for some stages; which were done, and the seconds of each."""
    from recsys_dagster.definitions import defs

    result = defs.resolve_job_def(EVERYTHING).execute_in_process(
        instance=instance,
        asset_selection=[dg.AssetKey(stage) for stage in stages],
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
        tags={**_TAGS, FULL: "true"} if full else _TAGS,
    )
    if not result.success:
        if any(_was_interrupted(event) for event in result.all_events):
            raise KeyboardInterrupt
        raise RecsysError(_what_failed(result))
    made = {
        event.asset_key.to_user_string(): event.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key and UP_TO_DATE in event.materialization.metadata
    }
    done = tuple(stage for stage in STAGES if stage in made and not made[stage][UP_TO_DATE].value)
    return done, {stage: _number(made[stage][SECONDS]) for stage in STAGES if stage in made}


def _number(value: dg.MetadataValue[Any]) -> float:
    return float(str(value.value))


def _was_interrupted(event: dg.DagsterEvent) -> bool:
    error = event.step_failure_data.error if event.is_step_failure else None
    return error is not None and error.cls_name in {
        "DagsterExecutionInterruptedError",
        "KeyboardInterrupt",
    }


def _bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Mark runs that were killed as failed: holding the lock, none of ours can be alive."""
    for run in instance.get_runs(dg.RunsFilter(statuses=_UNDER_WAY, tags=_TAGS)):
        instance.report_run_failed(run, "The process was killed.")


def _what_failed(result: dg.ExecuteInProcessResult) -> str:
    for check in result.get_asset_check_evaluations():
        if not check.passed and check.severity == dg.AssetCheckSeverity.ERROR:
            stage = check.asset_key.to_user_string()
            return f"The check {check.check_name} on {stage} failed: {check.description}"
    for event in result.all_events:
        if event.is_step_failure:
            error = cause(event)
            text = error.message.strip() if error else "it failed"
            shown = f"{event.step_key} failed: {text}. `recsys up` shows the run with its log."
            return told(event) or shown
    return "The run failed. `recsys up` shows it with its log."
