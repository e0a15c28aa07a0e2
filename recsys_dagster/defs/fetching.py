"""Listening histories from services, for the users that the settings name."""

from contextlib import closing
from typing import Any

import dagster as dg

from recsys_dagster import progress
from recsys_dagster.accounts import open_service, users_of
from recsys_dagster.defs.metadata import markdown_counts, markdown_list
from recsys_dagster.defs.stages import failing_in_words
from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services import Fetched, ServiceDownError, fetch_history
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout

GROUP = "listening"
LATER = dg.RetryPolicy(max_retries=3, delay=300, backoff=dg.Backoff.EXPONENTIAL)
"""Only for what passes by: a service that does not answer."""


@dg.asset(group_name=GROUP, kinds={"json"}, code_version="1", retry_policy=LATER)
def lastfm_history(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """What is new on Last.fm of the users in `LASTFM_USERS`, as files in `raw/history/lastfm`.

    The first time it is the whole history. A fetch that was stopped goes on where it was.
    """
    return _fetch_all(context, "lastfm")


@dg.asset(group_name=GROUP, kinds={"json"}, code_version="1", retry_policy=LATER)
def listenbrainz_history(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
    """What is new on ListenBrainz of the users in `LISTENBRAINZ_USERS`, in `raw/history`.

    The first time it is the whole history. A fetch that was stopped goes on where it was.
    """
    return _fetch_all(context, "listenbrainz")


# The main job must run without a network, so it does not fetch; nor must `listens` wait for what
# was never fetched. What lies in the folder is what it reads, however it came there.
history_files = dg.AssetSpec(
    "history_files",
    group_name=GROUP,
    kinds={"file"},
    deps=[lastfm_history, listenbrainz_history],
    description=(
        "The listening histories as they lie in raw/history: dropped there, imported, or "
        "fetched from Last.fm and ListenBrainz. The sensor new_raw_files watches them."
    ),
)


def _fetch_all(context: dg.AssetExecutionContext, name: str) -> dg.MaterializeResult[Any]:
    settings = load_settings()
    users = users_of(name, settings)
    if not users:
        context.log.info(f"{name.upper()}_USERS names nobody: nothing to fetch.")
        return dg.MaterializeResult(metadata={"users": f"none: {name.upper()}_USERS names nobody"})
    fetched: list[Fetched] = []
    failed: dict[str, RecsysError] = {}
    with failing_in_words(settings.data_dir), closing(open_service(name, settings)) as service:
        for user in users:
            try:
                layout = Layout(settings.data_dir)
                fetched.append(fetch_history(service, user, layout, progress.current()))
            except RecsysError as error:
                failed[user] = error
    if failed:
        raise dg.Failure(
            "\n".join(str(error) for error in failed.values()),
            metadata=_describe(fetched),
            allow_retries=any(isinstance(one, ServiceDownError) for one in failed.values()),
        )
    if any(one.files for one in fetched):
        context.log_event(dg.AssetMaterialization(history_files.key))
    return dg.MaterializeResult(metadata=_describe(fetched))


def _describe(fetched: list[Fetched]) -> dict[str, Any]:
    return {
        "new listens": markdown_counts({one.user: one.new for one in fetched}, "user"),
        "listens": markdown_counts({one.user: one.total for one in fetched}, "user"),
        "pages": sum(one.pages for one in fetched),
        "files": markdown_list(str(file) for one in fetched for file in one.files),
        "what may be missing": markdown_list(note for one in fetched for note in one.notes),
    }
