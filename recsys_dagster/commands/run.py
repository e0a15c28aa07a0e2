"""`recsys run`: bring everything up to date."""

from typing import Annotated, Any

import typer

from recsys_dagster.commands import console
from recsys_dagster.commands.answers import show_answer
from recsys_dagster.commands.loading import loading
from recsys_dagster.commands.parts import AsJson, DataDir, chosen_settings, print_json
from recsys_dagster.commands.progress import progress_on_stderr
from recsys_dagster.commands.releases import rolled_back
from recsys_dagster.settings import Settings


def run(
    full: Annotated[
        bool,
        typer.Option("--full", help="Learn everything anew, however little is new."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Bring everything up to date: read histories, look up features, train, release.

    Only what is missing or out of date is done; a run that was stopped goes on where it was.
    While less than a twentieth of the plays is new (RECSYS_RELEARN_AFTER), the models learn what
    is new, and ranker and evaluation stand. With nothing in raw/history, a made-up demo world is
    made first.
    """
    with loading():
        from recsys_dagster.defs.running import run_everything
        from recsys_dagster.status import read_status

    settings = chosen_settings(data_dir)
    with progress_on_stderr() as progress:
        outcome = run_everything(progress, console.warn, full=full)
    status = read_status(settings)
    names = ("listens", "users", "songs", "songs_with_features", "release", "demo")
    summary = {name: status[name] for name in names}
    if as_json:
        print_json(
            {
                **summary,
                "stages_done": list(outcome.done),
                "seconds": outcome.seconds,
                "remarks": list(outcome.remarks),
            }
        )
    else:
        _show_run(settings, summary, bool(outcome.done))
        for remark in outcome.remarks:
            console.warn(remark)


def _show_run(settings: Settings, summary: dict[str, Any], anything_done: bool) -> None:
    """What there is now, ten recommendations to taste, and what to do next."""
    from recsys_dagster.recommend import Recommender

    if not anything_done:
        console.out.print("Everything is up to date.")
    if summary["demo"]:
        console.out.print(
            "This is the made-up demo world: artists, songs and listeners are invented. "
            "Bring your own history with `recsys import FILE…`."
        )
    console.show_facts(
        [
            ("listens", f"{summary['listens']:,} by {summary['users']:,} listeners"),
            ("songs", f"{summary['songs']:,}, "
                      f"{summary['songs_with_features']:,} of them with audio features"),
            ("release", str(summary["release"])),
            ("data folder", str(settings.data_dir)),
            *rolled_back(settings),
        ]
    )  # fmt: skip
    recommender = Recommender.open(settings.data_dir)
    songs = recommender.popular(100)
    song = next((song for song in songs if song.has_audio), songs[0])
    name = console.printable(f"{song.artist} - {song.title}")
    console.out.print(f"\nTen songs for those who like {name}:", markup=False)
    show_answer(recommender.recommend([song.song_id]))
    console.out.print(
        "\nNext: recsys recommend 'Artist - Title' | recsys search WORDS | recsys evaluate | "
        "recsys up (the app in the browser)",
        markup=False,
    )
