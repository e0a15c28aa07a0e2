"""The `recsys` command."""

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recsys_dagster import console
from recsys_dagster import recommend_cli as parts
from recsys_dagster.cli_parts import (
    AsJson,
    DataDir,
    chosen_settings,
    open_recommender,
    print_json,
    print_text,
    said,
    waiting_to_write,
)
from recsys_dagster.errors import RecsysError, StoppedError
from recsys_dagster.fetch_cli import fetch_app
from recsys_dagster.purge_cli import purge_app
from recsys_dagster.releases_cli import releases_app, rolled_back
from recsys_dagster.settings import Settings
from recsys_dagster.settings_cli import settings as print_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.up_cli import up

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
app.add_typer(releases_app, name="releases")
app.add_typer(fetch_app, name="fetch")
app.add_typer(purge_app, name="purge")
app.command()(up)

app.command("settings")(print_settings)

INTERRUPTED = 130
STOPPED = "Stopped. What was finished is kept; the same command goes on from there."

Count = Annotated[int, typer.Option("-n", min=1, max=500, help="How many songs.")]


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


@app.command()
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
    from recsys_dagster.defs.running import run_everything
    from recsys_dagster.status import read_status

    settings = chosen_settings(data_dir)
    with console.progress_on_stderr() as progress:
        outcome = run_everything(progress, _warn, full=full)
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
            console.err.print(console.printable(remark), markup=False, soft_wrap=True)


def _warn(text: str) -> None:
    console.err.print(console.printable(text), markup=False, soft_wrap=True)


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
    console.show_answer(recommender.recommend([song.song_id]))
    console.out.print(
        "\nNext: recsys recommend 'Artist - Title' | recsys search WORDS | recsys evaluate | "
        "recsys up (the app in the browser)",
        markup=False,
    )


@app.command("import")
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
    with waiting_to_write(layout), console.progress_on_stderr(log=False) as progress:
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
        console.err.print(f"refused: {console.printable(reason)}", markup=False, soft_wrap=True)
    if report.refused:
        raise typer.Exit(1)


def _show_imported(report: Any) -> None:
    from recsys_dagster.importing.summary import describe

    for line in describe(report):
        console.out.print(console.printable(line), markup=False, soft_wrap=True)


@app.command()
def recommend(
    songs: Annotated[
        list[str] | None, typer.Argument(help='One to five songs, each "Artist - Title".')
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", help="A listener of the data, instead of songs.")
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            help="hybrid (all sources together), svd (taste), items (played by the same "
            "listeners), knn (sound), artist (same artist), seed (near in sound, the most "
            "played first) or popular."
        ),
    ] = "hybrid",
    n: Count = 10,
    diversity: parts.Diversity = 0.0,
    max_per_artist: parts.MaxPerArtist = None,
    popularity: parts.Popularity = "balanced",
    energy: parts.Energy = 0.0,
    valence: parts.Valence = 0.0,
    tempo: parts.Tempo = 0.0,
    exclude_artist: parts.ExcludeArtist = None,
    exclude: parts.Exclude = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    file_format: parts.Format = None,
) -> None:
    """Recommend songs for one to five songs, or for a listener.

    For example `recsys recommend "Radiohead - Creep"`,
    `recsys recommend "Blur - Song 2" "Pulp - Common People" -n 20 --max-per-artist 2`,
    `recsys recommend --user NAME --popularity deep --energy -0.5 --exclude-artist Blur`.
    Without songs, the most played ones come.
    """
    from recsys_dagster.recommend import MAX_SEEDS, METHODS

    seeds = songs or []
    if seeds and user is not None:
        raise typer.BadParameter("give one to five songs, or --user NAME.")
    if len(seeds) > MAX_SEEDS:
        raise typer.BadParameter(f"give one to five songs; got {len(seeds)}.")
    if any(not seed.strip() for seed in seeds):
        raise typer.BadParameter('a song is empty: name it as "Artist - Title".')
    if method not in METHODS:
        raise typer.BadParameter(f"there is no method {method!r}; there are {', '.join(METHODS)}.")
    parts.check_format(file_format, as_json)
    steer = {"energy": energy, "valence": valence, "tempo": tempo}
    wishes = parts.wishes(
        diversity, max_per_artist, popularity, steer, exclude_artist or [], exclude or []
    )
    recommender, warning = open_recommender(data_dir)
    answer = recommender.recommend(seeds, user=user, method=method, n=n, **wishes)
    if as_json:
        print_json({**answer.to_dict(), **warning})
    elif file_format:
        console.show_unmatched(answer)
        print_text(parts.exported(file_format, answer.recommendations))
    else:
        console.show_answer(answer)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Words of the artist or the title.")],
    n: Count = 10,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Search the released songs; case, accents and spelling mistakes do not matter."""
    from dataclasses import asdict

    recommender, warning = open_recommender(data_dir)
    found = recommender.search(text, n)
    if as_json:
        print_json({"query": text, "songs": [asdict(song) for song in found], **warning})
    elif found:
        console.show_songs(found)
    else:
        console.show_nothing_found(text, recommender.resolve(text).suggestions)


@app.command()
def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what there is: listens, songs, audio features, pending batches, the release."""
    from recsys_dagster.status import read_status

    settings = chosen_settings(data_dir)
    found = read_status(settings)
    if as_json:
        print_json(found)
        return
    sources = ", ".join(f"{name} {count:,}" for name, count in found["features_by_source"].items())
    reasons = ", ".join(f"{name} {count:,}" for name, count in found["missing_by_reason"].items())
    ndcg = found["figures"].get("ndcg@10", {}).get("hybrid")
    facts = [
        ("data folder", found["data_dir"] + (" (made-up demo world)" if found["demo"] else "")),
        ("listens", f"{found['listens']:,} by {found['users']:,} listeners"),
        ("songs", f"{found['songs']:,}"),
        ("with audio features", f"{found['songs_with_features']:,}"
                                f" ({found['share_of_plays_with_features']:.0%} of the plays)"),
        ("  by source", sources or "none"),
        ("  missing because", reasons or "none is missing"),
        ("pending batches", f"{found['pending_batches']:,}"),
        ("release", found["release"] or "none yet: run `recsys run`"),
        *rolled_back(settings),
    ]  # fmt: skip
    if ndcg is not None:
        facts.append(("NDCG@10 of the hybrid", f"{ndcg:.3f}"))
    if problem := found.get("release_problem"):
        facts.append(("problem", problem))
        facts.append(("used instead", found["served_release"] or "none: there is no other"))
    console.show_facts(facts)


@app.command()
def evaluate(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how well each method ranks, measured when the current release was made."""
    from recsys_dagster.evaluation.gate import of_listeners
    from recsys_dagster.evaluation.protocol import FEW_LISTENERS, age_in_words
    from recsys_dagster.evaluation.report import (
        COLUMNS,
        by_ndcg,
        interval_lines,
        shown,
        task_lines,
        task_rows,
        title,
    )
    from recsys_dagster.storage.releases import Release
    from recsys_dagster.storage.serving import open_served

    served = open_served(Layout(chosen_settings(data_dir).data_dir), Release.evaluation)
    release, (figures, warning) = served.release, said(served)
    if as_json:
        print_json({"release": release.id, **figures, **warning})
        return
    methods = figures["methods"]
    rows = [[name, *(shown(methods[name][column]) for column in COLUMNS)]
            for name in by_ndcg(methods)]  # fmt: skip
    console.out.print(
        console.table(
            [("method", False), *((title(one).replace("@", "\n@"), True) for one in COLUMNS)], rows
        )
    )
    console.out.print("", *interval_lines(figures), sep="\n", markup=False)
    if tasks := task_rows(figures):
        heads, *by_method = tasks
        console.out.print("\nNDCG@10 by task:")
        columns = [(head.replace(" ", "\n"), place > 0) for place, head in enumerate(heads)]
        console.out.print(console.table(columns, by_method))
        console.out.print("", *task_lines(figures), sep="\n", markup=False)
    protocol = figures["protocol"]
    console.out.print(f"\n{protocol['description']}", markup=False)
    console.out.print(f"Measured on {of_listeners(protocol['listeners'])}, release {release.id}.")
    if since := age_in_words(release.manifest["figures"]):
        console.out.print(since)
    if protocol["listeners"] < FEW_LISTENERS:
        console.out.print("With so few listeners the figures swing widely: trust them little.")


@app.command()
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
    with waiting_to_write(layout), console.progress_on_stderr(log=False) as progress:
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
    console.out.print(f"{made.history}\n{made.features}", markup=False, soft_wrap=True)
    hint = f"recsys import {made.history} {made.features}, then recsys run" if out else "recsys run"
    console.out.print(f"Next: {hint}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
