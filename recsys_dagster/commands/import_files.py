"""`recsys import`: histories and catalogues into the data folder."""

from pathlib import Path
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
from recsys_dagster.storage.layout import Layout


def import_(
    paths: Annotated[list[Path], typer.Argument(help="Files, folders or zips.")],
    user: Annotated[
        str | None,
        typer.Option("--user", help="Whose history it is, where a file does not say."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Put listening histories and feature catalogues into the data folder.

    Each file is told by its content. What cannot be used is refused with the reason, and the
    rest is taken; whatever else lies in a folder or zip is passed over. A file that does not
    say whose it is goes by --user, else by the name of its folder or zip, else by its own.
    The files themselves are copied, never changed.
    """
    from recsys_dagster.importing import import_paths
    from recsys_dagster.storage.raw import find_raw_files

    layout = Layout(chosen_settings(data_dir).data_dir)
    was_demo = find_raw_files(layout).demo
    with waiting_to_write(layout), progress_on_stderr(log=False) as progress:
        report = import_paths(paths, layout, progress, user)
    if as_json:
        print_json(report.to_dict())
    else:
        _show_imported(report)
        if was_demo and not find_raw_files(layout).demo:
            console.out.print("The made-up demo world steps aside for your own history.")
        if report.imported:
            console.out.print("Next: recsys run")
    for _, reason in report.refused:
        console.warn(f"refused: {reason}")
    if report.refused:
        raise typer.Exit(1)


def _show_imported(report: Any) -> None:
    from recsys_dagster.importing.summary import describe

    for line in describe(report):
        console.say(line)
