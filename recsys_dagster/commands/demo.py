"""`recsys demo`: a made-up listening world."""

from pathlib import Path
from typing import Annotated

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
from recsys_dagster.storage.layout import Layout


def demo(
    users: Annotated[int, typer.Option(help="Listeners.")] = 200,
    songs: Annotated[int, typer.Option(help="Songs in the world.")] = 3_000,
    listens: Annotated[int, typer.Option(help="Listens altogether.")] = 150_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the two files (default: raw/ of the data folder)."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Make a made-up listening world: a Last.fm_data.csv and a catalogue of audio features.

    Artists, songs and listeners are invented. In the data folder it counts only while there is
    no other history.
    """
    from recsys_dagster.demo import DemoConfig, write_demo

    layout = Layout(chosen_settings(data_dir).data_dir)
    config = DemoConfig(users=users, songs=songs, listens=listens, seed=seed)
    folders = (out, out) if out else (layout.demo_history, layout.demo_catalogues)
    with waiting_to_write(layout), progress_on_stderr(log=False) as progress:
        made = write_demo(*folders, config, progress)
    if as_json:
        print_json(
            {"users": made.users, "songs": made.songs, "artists": made.artists,
             "listens": made.listens, "songs_played": made.songs_played,
             "catalogue_rows": made.catalogue_rows, "history": str(made.history),
             "features": str(made.features)}
        )  # fmt: skip
        return
    console.out.print(f"A made-up world: {made.listens:,} listens by {made.users:,} listeners.")
    console.say(str(made.history))
    console.say(str(made.features))
    hint = f"recsys import {made.history} {made.features}, then recsys run" if out else "recsys run"
    console.say(f"Next: {hint}")
