"""The `recsys` command."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from recsys_dagster.commands import console
from recsys_dagster.commands.demo import demo
from recsys_dagster.commands.evaluate import evaluate
from recsys_dagster.commands.fetch import fetch_app
from recsys_dagster.commands.import_files import import_
from recsys_dagster.commands.parts import print_text
from recsys_dagster.commands.purge import purge_app
from recsys_dagster.commands.recommend import recommend
from recsys_dagster.commands.releases import releases_app
from recsys_dagster.commands.run import run
from recsys_dagster.commands.search import search
from recsys_dagster.commands.settings import settings
from recsys_dagster.commands.status import status
from recsys_dagster.commands.up import up
from recsys_dagster.errors import RecsysError, StoppedError

app = typer.Typer(
    name="recsys",
    help="A music recommender that you run on your own listening history.\n\n"
    "Start with `recsys run`: it makes a made-up demo world, trains on it and recommends. "
    "For your own history: `recsys import FILE…`, or `recsys fetch lastfm NAME`; then "
    "`recsys run`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("import")(import_)
for command in (run, recommend, search, evaluate, status, up, demo, settings):
    app.command()(command)
for name, group in (("fetch", fetch_app), ("releases", releases_app), ("purge", purge_app)):
    app.add_typer(group, name=name)

INTERRUPTED = 130
STOPPED = "Stopped. What was finished is kept; the same command goes on from there."


def _show_version(wanted: bool) -> None:
    if wanted:
        from recsys_dagster import __version__

        print_text(f"recsys-dagster {__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version, and end."
        ),
    ] = False,
) -> None:
    """Take what stands before a command."""


def main() -> None:
    """Run the command; what a user can cause ends in one line and exit code 1."""
    try:
        app()
    except StoppedError as stop:
        _fail(str(stop), code=INTERRUPTED)
    except RecsysError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail(STOPPED, code=INTERRUPTED)
    except SystemExit as end:
        if end.code == INTERRUPTED:
            _fail(STOPPED, code=INTERRUPTED)
        raise
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        from recsys_dagster.storage.trouble import trouble_in_words

        trouble = trouble_in_words(
            error, Path(os.environ.get("RECSYS_DATA_DIR", "data")).absolute()
        )
        if trouble is None:
            raise
        _fail(str(trouble))


def _fail(message: str, code: int = 1) -> None:
    sys.stderr.write(console.printable(" ".join(message.split())) + "\n")
    sys.exit(code)


if __name__ == "__main__":
    main()
