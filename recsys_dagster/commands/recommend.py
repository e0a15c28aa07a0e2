"""`recsys recommend`: songs for songs, or for a listener."""

from typing import Annotated

import typer

from recsys_dagster.commands import recommend_options as options
from recsys_dagster.commands.answers import show_answer, show_unmatched
from recsys_dagster.commands.parts import (
    AsJson,
    Count,
    DataDir,
    open_recommender,
    print_json,
    print_text,
)


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
    diversity: options.Diversity = 0.0,
    max_per_artist: options.MaxPerArtist = None,
    popularity: options.Popularity = "balanced",
    energy: options.Energy = 0.0,
    valence: options.Valence = 0.0,
    tempo: options.Tempo = 0.0,
    exclude_artist: options.ExcludeArtist = None,
    exclude: options.Exclude = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
    file_format: options.Format = None,
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
    options.check_format(file_format, as_json)
    steer = {"energy": energy, "valence": valence, "tempo": tempo}
    wishes = options.wishes(
        diversity, max_per_artist, popularity, steer, exclude_artist or [], exclude or []
    )
    recommender, warning = open_recommender(data_dir)
    answer = recommender.recommend(seeds, user=user, method=method, n=n, **wishes)
    if as_json:
        print_json({**answer.to_dict(), **warning})
    elif file_format:
        show_unmatched(answer)
        print_text(options.exported(file_format, answer.recommendations))
    else:
        show_answer(answer)
