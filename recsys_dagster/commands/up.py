"""`recsys up`: everything under one parent."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from recsys_dagster.commands import console
from recsys_dagster.commands.parts import DataDir, chosen_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import alone
from recsys_dagster.up import hosts
from recsys_dagster.up.servers import addresses, refuse_unusable_ports, servers
from recsys_dagster.up.supervisor import Family, Stop

OPEN = (
    "Warning: {host} can be reached from other machines. The pipeline UI has no login: whoever "
    "reaches port {port} can run and delete everything, and run code. Let nobody reach it but "
    "you (a firewall, or 127.0.0.1 and `ssh -L`). The app has a sign-in of its own, off until "
    "RECSYS_LOGIN is set: docs/app.md."
)

Host = Annotated[
    str | None,
    typer.Option(help="The address to listen on (default: RECSYS_HOST, or 127.0.0.1)."),
]


def up(
    host: Host = None,
    pipeline_port: Annotated[int, typer.Option(help="Of the pipeline UI.")] = 3000,
    app_port: Annotated[int, typer.Option(help="Of the app.")] = 8501,
    app: Annotated[
        bool, typer.Option("--app/--no-app", help="Without the app, it is the pipeline alone.")
    ] = True,
    data_dir: DataDir = None,
) -> None:
    """Start the app, the pipeline UI and its daemon, and keep them running; Ctrl-C stops all.

    All listen on 127.0.0.1 alone unless told otherwise. What dies is started again. Their logs
    are in cache/logs of the data folder.
    """
    from recsys_dagster.defs.home import prepare_dagster_home

    settings = chosen_settings(data_dir)
    layout, stop = Layout(settings.data_dir), Stop()
    where = host or settings.host
    os.environ["RECSYS_DATA_DIR"] = str(layout.root)
    home = prepare_dagster_home(layout)
    with _alone(home.path), _private_folder() as folder, stop.by_signals():
        if not hosts.is_loopback(where):
            console.warn(OPEN.format(host=where, port=pipeline_port))
        if home.remark:
            console.say(home.remark)
        wanted = servers(where, pipeline_port, app_port if app else None, folder)
        refuse_unusable_ports(wanted)
        os.environ.update(addresses(wanted, settings))
        _run(Family(wanted, layout.logs), stop)
    console.say("Stopped.")


def _run(family: Family, stop: Stop) -> None:
    """Start all, say where they are, and look after them until the end is asked for."""
    console.say("Starting; the pipeline UI takes some 20 seconds.")
    with family.kept():
        with console.out.status("starting"):
            for server in family.start(stop):
                if server.address:
                    console.say(f"{server.name}: {server.address}")
        if not stop.asked:
            console.say("Ctrl-C stops all.")
        family.look_after(stop, console.say)


def _alone(home: Path) -> AbstractContextManager[None]:
    """Refuse a second one: two daemons would start each scheduled run twice."""
    return alone(
        home / "up.lock",
        f"`recsys up` is at work for {home} already. End that one, or give this one a data folder "
        "of its own with --data-dir.",
    )


@contextmanager
def _private_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="recsys-") as folder:
        yield Path(folder)
