"""`recsys search`: songs of the release by words."""

from typing import Annotated

import typer

from recsys_dagster.commands.answers import show_nothing_found, show_songs
from recsys_dagster.commands.parts import AsJson, Count, DataDir, open_recommender, print_json


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
        show_songs(found)
    else:
        show_nothing_found(text, recommender.resolve(text).suggestions)
