"""The jobs, the schedules and the sensor; the last two are off until somebody switches them on."""

import dagster as dg

from recsys_dagster.defs.audio import spotify_audio_features
from recsys_dagster.defs.fetching import lastfm_history, listenbrainz_history
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.workshop import Workshop

EVERYTHING = "everything"
_FETCHING = dg.AssetSelection.assets(lastfm_history, listenbrainz_history)

everything = dg.define_asset_job(
    EVERYTHING,
    selection=dg.AssetSelection.all().materializable()
    - dg.AssetSelection.assets(spotify_audio_features)
    - _FETCHING,
    description=(
        "The main job: from the listening histories to a release. What is done already is not "
        "done again; batches of audio features that are pending are finished."
    ),
)

fetch_histories = dg.define_asset_job(
    "fetch_histories",
    selection=_FETCHING,
    description=(
        "Fetches what is new on Last.fm and ListenBrainz for the users that the settings name. "
        "What comes is files in raw/history; the sensor new_raw_files sees them and runs "
        "everything."
    ),
)


@dg.schedule(
    job=everything,
    cron_schedule="0 4 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def weekly_refresh() -> dg.RunRequest:
    """Run everything each Monday at 04:00 UTC."""
    return dg.RunRequest()


@dg.schedule(
    job=fetch_histories,
    cron_schedule="0 3 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
)
def nightly_fetch() -> dg.RunRequest:
    """Fetch what is new from the services, each night at 03:00 UTC."""
    return dg.RunRequest()


@dg.sensor(
    job=everything,
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
)
def new_raw_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Run everything when files in `raw/` came, went or changed, once they have come to rest.

    A file that is still being copied changes its size between two looks, so a change counts
    only when it looks the same twice.
    """
    raw = find_raw_files(Workshop.open().layout)
    looks = [(str(file), status.st_size, status.st_mtime_ns)
             for file in (*raw.history, *raw.catalogues) if (status := file.stat())]  # fmt: skip
    seen = hash_json(looks)
    done, _, before = (context.cursor or "").partition(" ")
    if seen == done or not (looks or done):
        reason = "Nothing new in raw/." if looks else "Nothing in raw/ yet."
        return dg.SensorResult(skip_reason=reason, cursor=f"{done} {seen}")
    if seen != before:
        return dg.SensorResult(
            skip_reason="Files changed; waiting until they have come to rest.",
            cursor=f"{done} {seen}",
        )
    # The cursor tells changes apart; a run key would drop a change back to what was there before.
    return dg.SensorResult([dg.RunRequest()], cursor=f"{seen} {seen}")
