"""`recsys fetch`: listening histories from services."""

from contextlib import closing
from typing import Annotated, Any

import typer

from recsys_dagster.commands import console
from recsys_dagster.commands.parts import (
    AsJson,
    DataDir,
    chosen_settings,
    print_json,
    waiting_to_write,
)
from recsys_dagster.commands.progress import progress_on_stderr
from recsys_dagster.errors import RecsysError, StoppedError
from recsys_dagster.settings import Settings
from recsys_dagster.storage.layout import Layout

fetch_app = typer.Typer(
    help="Fetch a listening history from Last.fm or ListenBrainz.\n\n"
    "The first time it takes the whole history, after that only what is new. It can be stopped "
    "at any moment; the same command goes on where it was. Then: `recsys run`.",
    no_args_is_help=True,
)
STOPPED = "Stopped. What was fetched is kept; the same command goes on from there."

User = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="The user (default: all that the settings name)."),
]
Full = Annotated[
    bool,
    typer.Option("--full", help="Ask for everything again, for listens that were handed in late."),
]


@fetch_app.command()
def lastfm(
    user: User = None, full: Full = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Fetch a listening history from Last.fm: `recsys fetch lastfm NAME`.

    NAME is the one in https://www.last.fm/user/NAME. It needs a free key in LASTFM_API_KEY
    (https://www.last.fm/api/account/create); nobody has to log in. 20,000 listens take about
    a minute. Without NAME, all users in LASTFM_USERS are fetched.
    """
    _fetch("lastfm", user, chosen_settings(data_dir), full=full, as_json=as_json)


@fetch_app.command()
def listenbrainz(
    user: User = None, full: Full = False, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Fetch a listening history from ListenBrainz: `recsys fetch listenbrainz NAME`.

    NAME is the one in https://listenbrainz.org/user/NAME; it needs no key. Without NAME, all
    users in LISTENBRAINZ_USERS are fetched.
    """
    _fetch("listenbrainz", user, chosen_settings(data_dir), full=full, as_json=as_json)


def _fetch(name: str, user: str | None, settings: Settings, *, full: bool, as_json: bool) -> None:
    from recsys_dagster.accounts import users_of

    users = users_of(name, settings) if user is None else (user,)
    if not users:
        raise typer.BadParameter(
            f"name a user, as in `recsys fetch {name} NAME`, or set {name.upper()}_USERS."
        )
    try:
        fetched, failed = _fetch_each(name, users, settings, full=full)
    except KeyboardInterrupt:
        raise StoppedError(STOPPED) from None
    if user is not None and failed:
        raise failed[user]
    if as_json and user is not None:
        print_json(fetched[0].to_dict())
    elif as_json:
        reasons = [{"user": one, "reason": str(error)} for one, error in failed.items()]
        print_json({"fetched": [one.to_dict() for one in fetched], "failed": reasons})
    else:
        _show(fetched)
    for note in [note for one in fetched for note in one.notes] + [*map(str, failed.values())]:
        console.warn(note)
    if failed:
        raise typer.Exit(1)


def _fetch_each(
    name: str, users: tuple[str, ...], settings: Settings, *, full: bool
) -> tuple[list[Any], dict[str, RecsysError]]:
    """Fetch one user after the other; what goes wrong with one does not stop the others."""
    from recsys_dagster.accounts import open_service
    from recsys_dagster.listening.services import fetch_history

    layout = Layout(settings.data_dir)
    fetched, failed = [], {}
    with (
        closing(open_service(name, settings)) as service,
        progress_on_stderr(log=False) as progress,
    ):
        for user in users:
            try:
                fetched.append(
                    fetch_history(service, user, layout, progress, full=full, lock=waiting_to_write)
                )
            except RecsysError as error:
                failed[user] = error
    return fetched, failed


def _show(fetched: list[Any]) -> None:
    for one in fetched:
        pages = "1 page" if one.pages == 1 else f"{one.pages:,} pages"
        line = f"{one.user} ({one.service}): {one.new:,} new listens, {one.total:,} now, {pages}"
        console.say(line)
    folders = dict.fromkeys(file.parent for one in fetched for file in one.files)
    for folder in folders:
        console.say(f"  {folder}")
    if folders:
        console.out.print("Next: recsys run")
    elif fetched:
        console.out.print("Nothing has changed.")
