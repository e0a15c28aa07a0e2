"""The options of `recsys recommend` that say what a list shall be like."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recsys_dagster.errors import RecsysError

if TYPE_CHECKING:
    from recsys_dagster.recommend import Recommendation

_LIST = "What the list is like"
_LEFT_OUT = "What is left out"
_LONGEST_ID = 18


def _steering(less: str, more: str) -> Any:
    words = f"-1 (rather {less}) to 1 (rather {more}); 0 is as it comes."
    return typer.Option(help=words, rich_help_panel=_LIST)


Diversity = Annotated[
    float,
    typer.Option(
        help="0 (off) to 1: how much being like a song above counts against a song. "
        "0.3 breaks up blocks of the same; 1 looks at nothing else.",
        rich_help_panel=_LIST,
    ),
]
MaxPerArtist = Annotated[
    int | None,
    typer.Option(
        help="How many songs of one artist there may be; any number unless you say.",
        rich_help_panel=_LIST,
    ),
]
Popularity = Annotated[
    str,
    typer.Option(
        help="safe: rather what is played much. balanced: as it comes. deep: rather deep cuts.",
        rich_help_panel=_LIST,
    ),
]
Energy = Annotated[float, _steering("calm", "lively")]
Valence = Annotated[float, _steering("sad", "cheerful")]
Tempo = Annotated[float, _steering("slow", "fast")]
ExcludeArtist = Annotated[
    list[str] | None,
    typer.Option(help="An artist to leave out; may be repeated.", rich_help_panel=_LEFT_OUT),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        help='A song to leave out, "Artist - Title" or its id; may be repeated.',
        rich_help_panel=_LEFT_OUT,
    ),
]
Format = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="Print the list as csv, m3u, jspf or text, and nothing else, "
        "as in `--format m3u > list.m3u`.",
    ),
]


def check_format(name: str | None, as_json: bool) -> None:
    """Refuse a format that does not exist, or a second one; this is wrong usage."""
    from recsys_dagster.recommend.exporting import FORMATS

    if name is not None and name not in FORMATS:
        raise typer.BadParameter(f"there is no format {name!r}; there are {', '.join(FORMATS)}.")
    if name is not None and as_json:
        raise typer.BadParameter("give --format or --json, not both.")


def exported(name: str, songs: Sequence["Recommendation"]) -> str:
    """A list in one of the formats."""
    from recsys_dagster.recommend.exporting import FORMATS

    return FORMATS[name].write(songs)


def wishes(
    diversity: float,
    max_per_artist: int | None,
    popularity: str,
    steer: Mapping[str, float],
    artists: Sequence[str],
    songs: Sequence[str],
) -> dict[str, Any]:
    """The options as arguments of `Recommender.recommend`; wrong ones are wrong usage."""
    from recsys_dagster.recommend import Reranking

    try:
        Reranking(diversity, max_per_artist, popularity, steer)
    except RecsysError as error:
        raise typer.BadParameter(str(error)) from None
    if not all(name.strip() for name in artists):
        raise typer.BadParameter("an artist to leave out is empty: name one.")
    if not all(name.strip() for name in songs):
        raise typer.BadParameter('a song to leave out is empty: name it as "Artist - Title".')
    return {
        "diversity": diversity,
        "max_per_artist": max_per_artist,
        "popularity": popularity,
        "steer": steer,
        "exclude_artists": artists,
        "exclude_songs": [_id_or_name(song) for song in songs],
    }


def _id_or_name(song: str) -> str | int:
    digits = song.strip()
    return int(digits) if digits.isdecimal() and len(digits) <= _LONGEST_ID else song
