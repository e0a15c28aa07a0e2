"""What the commands share."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from recsys_dagster.commands import console
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster.storage.format import refuse_newer
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.lock import BusyError, writing
from recsys_dagster.storage.serving import Served, open_served

if TYPE_CHECKING:
    from recsys_dagster.recommend import Recommender

T = TypeVar("T")

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="The data folder (default: RECSYS_DATA_DIR, or ./data)."),
]
Count = Annotated[int, typer.Option("-n", min=1, max=500, help="How many songs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document, nothing else.")]


def chosen_settings(data_dir: Path | None) -> Settings:
    """The settings; a data folder given by hand counts for child processes too.

    Raises `RecsysError` for a data folder of a newer version, before anything is done in it.
    """
    if data_dir is not None:
        os.environ["RECSYS_DATA_DIR"] = str(data_dir.expanduser().resolve())
    settings = load_settings()
    refuse_newer(Layout(settings.data_dir))
    return settings


def open_recommender(data_dir: Path | None) -> tuple["Recommender", dict[str, str]]:
    """The recommender that is served; where it is not the current release, a line says why.

    The second is what JSON has to have besides: that line as `warning`, or nothing.
    """
    from recsys_dagster.recommend import Recommender

    return said(open_served(Layout(chosen_settings(data_dir).data_dir), Recommender.from_release))


def said(served: Served[T]) -> tuple[T, dict[str, str]]:
    """What was opened; its warning goes to standard error, and back for JSON."""
    if served.warning is None:
        return served.opened, {}
    console.warn(served.warning)
    return served.opened, {"warning": served.warning}


@contextmanager
def waiting_to_write(layout: Layout) -> Iterator[None]:
    """Write into the data folder; while somebody else does, wait and say so."""
    with ExitStack() as held:
        try:
            held.enter_context(writing(layout, wait=False))
        except BusyError:
            console.err.print("Another run is at work in the data folder; waiting for its end.")
            held.enter_context(writing(layout))
        yield


def print_json(document: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def print_text(text: str) -> None:
    """A file's content on standard output, in UTF-8 and with its own line ends."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode())
