"""Schedules and sensors: off until RECSYS_AUTOMATION or somebody in the UI switches them on."""

import json

import dagster as dg

from recsys_dagster.defs.audio import spotify_audio_features
from recsys_dagster.defs.jobs import everything, fetch_histories, take_in
from recsys_dagster.defs.stages import FULL
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.workshop import STAGES, Workshop


def _switched_on() -> bool:
    try:
        return load_settings().automation
    except RecsysError:
        return False  # whoever runs something is told what is wrong with the settings


ON = _switched_on()
SCHEDULE = dg.DefaultScheduleStatus.RUNNING if ON else dg.DefaultScheduleStatus.STOPPED
SENSOR = dg.DefaultSensorStatus.RUNNING if ON else dg.DefaultSensorStatus.STOPPED


@dg.schedule(
    job=everything,
    cron_schedule="0 4 * * 1",
    execution_timezone="UTC",
    default_status=SCHEDULE,
)
def weekly_refresh() -> dg.RunRequest:
    """Run everything each Monday at 04:00 UTC; what is new is learned in full."""
    return dg.RunRequest(tags={FULL: "true"})


@dg.schedule(
    job=fetch_histories,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=SCHEDULE,
)
def nightly_fetch() -> dg.RunRequest:
    """Fetch what is new from the services, each night at 03:00 UTC."""
    return dg.RunRequest()


@dg.sensor(
    jobs=[take_in, everything],
    minimum_interval_seconds=30,
    default_status=SENSOR,
)
def new_raw_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Take in what came, went or changed in `raw/`, once it has come to rest.

    New histories are read (`take_in`); new catalogues of audio features run everything. A file
    that is still being copied changes its size between two looks, so a change counts only when it
    looks the same twice.
    """
    seen = _look()
    before = _read_cursor(context.cursor)
    done, last = before["done"], before["seen"]
    if seen == done or not (done or any(seen.values())):
        reason = "Nothing new in raw/." if any(seen.values()) else "Nothing in raw/ yet."
        return _skip(reason, done, seen)
    if seen != last:
        return _skip("Files changed; waiting until they have come to rest.", done, seen)
    # The cursor tells changes apart; a run key would drop a change back to what was there before.
    job = take_in if seen["catalogues"] == done.get("catalogues", "") else everything
    request = dg.RunRequest(job_name=job.name)
    return dg.SensorResult([request], cursor=json.dumps({"done": seen, "seen": seen}))


def _look() -> dict[str, str]:
    """A hash over names, sizes and times of the files of each kind; empty without files."""
    raw = find_raw_files(Workshop.open().layout)
    found = {}
    for kind, files in (("history", raw.history), ("catalogues", raw.catalogues)):
        looks = [(str(file), status.st_size, status.st_mtime_ns)
                 for file in files if (status := file.stat())]  # fmt: skip
        found[kind] = hash_json(looks) if looks else ""
    return found


def _skip(reason: str, done: dict[str, str], seen: dict[str, str]) -> dg.SensorResult:
    return dg.SensorResult(skip_reason=reason, cursor=json.dumps({"done": done, "seen": seen}))


def _read_cursor(cursor: str | None) -> dict[str, dict[str, str]]:
    try:
        found = json.loads(cursor or "")
        return {"done": dict(found["done"]), "seen": dict(found["seen"])}
    except (ValueError, KeyError, TypeError):
        return {"done": {}, "seen": {}}  # none yet, or of an earlier version


@dg.sensor(
    job=everything,
    minimum_interval_seconds=60,
    default_status=SENSOR,
)
def enough_is_new() -> dg.SensorResult:
    """Run everything when enough listens are new (RECSYS_REFRESH_AFTER), or nothing is released.

    Each state of the listens is asked for once: a run that failed is not tried again until more
    came, or the week is over. It is a sensor and no automation condition of the models: these are
    decided asset by asset, and a release must be of one run.
    """
    shop = Workshop.open()
    listens = shop.stamps.read("listens")
    if listens is None or not listens.facts["listens"]:
        return dg.SensorResult(skip_reason="No listens yet.")
    if shop.done(STAGES["recommender_release"]):
        return dg.SensorResult(skip_reason="The release is up to date.")
    share = _share_new(shop, listens.facts["listens"])
    if share is not None and share < shop.settings.refresh_after:
        return dg.SensorResult(
            skip_reason=f"{share:.2%} of the listens are new since the release; at "
            f"{shop.settings.refresh_after:.2%} the models are refreshed (RECSYS_REFRESH_AFTER)."
        )
    key = f"{listens.data_version} {_released_of(shop)}"
    return dg.SensorResult([dg.RunRequest(run_key=key)])


def _released_of(shop: Workshop) -> str | None:
    stamp = shop.stamps.read("recommender_release")
    return str(stamp.facts["release"]) if stamp else None


def _share_new(shop: Workshop, listens: int) -> float | None:
    """How many more or fewer listens there are than the release knows, as a share of these."""
    stamp = shop.stamps.read("recommender_release")
    if stamp is None:
        return None
    released = int(stamp.facts["figures"]["listens"])
    return abs(listens - released) / max(released, 1)


# Its condition reads the disk, so it is evaluated where this code is and not in the daemon.
fill_pending_batches = dg.AutomationConditionSensorDefinition(
    "fill_pending_batches",
    target=dg.AssetSelection.assets(spotify_audio_features),
    minimum_interval_seconds=60,
    default_status=SENSOR,
    use_user_code_server=True,
    description="Looks up the batches of audio features that are pending.",
)
