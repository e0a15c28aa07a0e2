"""Names that would be Markdown, HTML, formulas or emoji, on every page of a real recommender."""

from dataclasses import replace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from recsys_dagster_tests import worlds
from recsys_dagster_tests.streamlit_app.driving import page, run, search
from recsys_dagster_tests.streamlit_app.fake import FakeShelf
from recsys_dagster_tests.streamlit_app.released import release, world
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import plain

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "**bold** _it_ `code` # head",
    "$x^2$ :smile: :red[red] :material/home:",
    "[link](http://evil.example) | cell |",
    "long " * 2_000,
)
LONGEST = 2_500
MARKDOWN = ("markdown", "caption", "info", "warning", "success", "title", "header", "subheader")
WIDGETS = ("button", "selectbox", "multiselect", "text_input", "expander", "metric")


def named(number: int) -> str:
    return f"{HOSTILE[number % len(HOSTILE)]} {number}"


def hostile() -> Serving:
    made = world()
    shape, parts = made.shape, made.parts
    table = worlds.with_keys(
        parts.songs.with_columns(
            pl.Series("title", [named(song) for song in range(shape.songs)]),
            pl.Series("artist", [named(song // 4) for song in range(shape.songs)]),
        )
    )
    listened = replace(parts.histories, users=tuple(named(one) for one in range(shape.users)))
    parts = worlds.assemble(
        table, parts.features.astype(float), parts.svd, listened, items=parts.items
    )
    return release(replace(made, parts=parts))


def markdown(test: AppTest) -> list[str]:
    """Everything that a page shows as Markdown: texts, labels and help."""
    texts = [str(one.value) for kind in MARKDOWN for one in getattr(test, kind)]
    for kind in WIDGETS:
        for one in test.get(kind):
            texts += [str(getattr(one, "label", "")), str(getattr(one, "help", "") or "")]
    return texts


@pytest.mark.slow
@pytest.mark.parametrize("name", ["discover", "my_taste", "song_map", "quality"])
def test_names_are_shown_as_text_on_every_page(shelf: FakeShelf, name: str) -> None:
    shelf.put(hostile())
    seen = run(page(name, songs="0,1,2,3", without="8", **{"without-artists": "9"}))
    if name == "discover":
        seen = search(seen, "cell")
    texts = markdown(seen)
    assert any(plain(HOSTILE[0]) in text for text in texts) or name == "my_taste"
    for text in texts:
        without_covers = text.split("](data:")[0] if text.startswith("![") else text
        assert len(without_covers) < LONGEST
        assert not [one for one in HOSTILE[:-1] if one in text]
    for one in seen.get("echarts_chart"):
        assert len(str(one.proto)) < 60_000
