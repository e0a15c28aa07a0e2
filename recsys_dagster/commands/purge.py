"""`recsys purge`: deleting what came from a service."""

import typer

from recsys_dagster.commands import console
from recsys_dagster.commands.parts import (
    AsJson,
    DataDir,
    chosen_settings,
    print_json,
    waiting_to_write,
)
from recsys_dagster.storage.layout import Layout

purge_app = typer.Typer(
    help="Delete what came from a service, where its terms ask for that.", no_args_is_help=True
)


@purge_app.callback()
def _purge() -> None:
    """Make `spotify` a command of its own, though it is the only one."""


@purge_app.command()
def spotify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Delete every answer of Spotify, and every audio feature that came from it.

    That Spotify wanted no questions for a time is forgotten too. Your own files in raw/ and what
    other services answered stay. The next `recsys run` makes the features again without Spotify,
    if RECSYS_FEATURE_SOURCES does not name it.
    """
    from recsys_dagster.purging import purge

    settings = chosen_settings(data_dir)
    layout = Layout(settings.data_dir)
    with waiting_to_write(layout):
        purged = purge(layout, "spotify")
    if as_json:
        print_json(purged.to_dict())
        return
    if not purged.anything:
        console.out.print("Nothing from Spotify is kept.")
        return
    parts = [
        ("its answers", purged.answers),
        (f"{_count(purged.batches, 'batch', 'batches')} of audio features", purged.batches > 0),
        ("the table of all audio features, and the index made from it", purged.table),
    ]
    console.out.print(f"Deleted: {'; '.join(what for what, was in parts if was)}.")
    if purged.releases:
        count = _count(len(purged.releases), "release", "releases")
        console.out.print(
            f"{count}, made before, may still hold features from Spotify. After the next "
            "`recsys run`, delete these folders:"
        )
        for folder in purged.releases:
            console.say(f"  {folder}")
    if "spotify" in settings.feature_sources:
        console.out.print(
            "RECSYS_FEATURE_SOURCES names spotify: take it out, or the next run asks it again."
        )
    elif purged.batches or purged.table:
        console.out.print("Next: recsys run")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
