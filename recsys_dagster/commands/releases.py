"""`recsys releases`: the releases that there are, going back to one, and deleting one."""

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
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases

releases_app = typer.Typer(
    help="List the releases, go back to one, or delete one.", invoke_without_command=True
)
Id = Annotated[str, typer.Argument(metavar="ID", help="As `recsys releases` shows.")]


def rolled_back(settings: Settings) -> list[tuple[str, str]]:
    """A line that says so, where an earlier release than the newest is read."""
    releases = Releases(Layout(settings.data_dir).releases)
    newest = releases.ids()[:1]
    if not newest or releases.current_id() not in releases.ids()[1:]:
        return []
    return [
        ("rolled back", f"from {newest[0]}; `recsys releases rollback {newest[0]}` goes forward")
    ]


@releases_app.callback()
def releases(context: typer.Context, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the releases, newest first; a refresh deletes what is older than RECSYS_KEEP_RELEASES.

    The current release, the one that would be read if it were damaged, and those that you went
    back to stay whatever their age.
    """
    if context.invoked_subcommand is not None:
        context.obj = data_dir
        return
    settings = chosen_settings(data_dir)
    found = Releases(Layout(settings.data_dir).releases)
    current = found.current_id()
    rows = [_describe(found, release_id, current) for release_id in found.ids()]
    if as_json:
        print_json({"current": current, "releases": rows, "keep": settings.keep_releases or None})
    elif rows:
        columns = [("release", False), ("made", False), ("listens", True), ("songs", True),
                   ("NDCG@10 of the hybrid", True), ("", False)]  # fmt: skip
        cells = [[row["id"], row["created_at"] or "damaged", str(row["listens"]),
                  str(row["songs"]), str(row["ndcg@10"]), _remark(row)]
                 for row in rows]  # fmt: skip
        console.out.print(console.table(columns, cells))
        if current not in found.ids():
            console.err.print("No release is the current one: `recsys run` puts that right.")
    else:
        console.err.print("Nothing has been released yet. Run `recsys run` first.")


def _describe(found: Releases, release_id: str, current: str | None) -> dict[str, Any]:
    try:
        manifest = found.describe(release_id)
    except RecsysError:
        manifest = {}
    figures = manifest.get("figures", {})
    return {
        "id": release_id,
        "current": release_id == current,
        "created_at": manifest.get("created_at"),
        "listens": figures.get("listens"),
        "songs": figures.get("songs"),
        "ndcg@10": figures.get("ndcg@10", {}).get("hybrid"),
        "gone_back_to": release_id in found.gone_back_to(),
    }


def _remark(row: dict[str, Any]) -> str:
    kept = "stays: you went back to it" if row["gone_back_to"] else ""
    return "current" if row["current"] else kept


@releases_app.command()
def rollback(
    context: typer.Context, release_id: Id, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Let the app and the command line read an earlier release, until the next one is made.

    No release is deleted by that, and this one no more by its age.
    """
    layout = Layout(chosen_settings(data_dir or context.obj).data_dir)
    release = Releases(layout.releases).go_back(release_id)
    if as_json:
        print_json({"current": release.id})
    else:
        console.out.print(f"The current release is {release.id}.")


@releases_app.command()
def delete(
    context: typer.Context, release_id: Id, data_dir: DataDir = None, as_json: AsJson = False
) -> None:
    """Delete a release that is not the current one."""
    layout = Layout(chosen_settings(data_dir or context.obj).data_dir)
    with waiting_to_write(layout):
        Releases(layout.releases).delete(release_id)
    if as_json:
        print_json({"deleted": release_id})
    else:
        console.out.print(f"Release {release_id} is deleted.")
