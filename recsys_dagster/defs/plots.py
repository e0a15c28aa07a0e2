"""Pictures of what the first stages hold."""

from collections.abc import Mapping

import polars as pl

from recsys_dagster.evaluation.plotting import blank, markdown_image


def plot_months(counts: Mapping[str, int]) -> str:
    """Listens by month as a Markdown image; the months between are drawn too."""
    if not counts:
        return "none of the listens has a time"
    months = pl.Series([*counts]).str.to_date("%Y-%m")
    figure = blank(6, 2.4)
    axes = figure.subplots()
    axes.bar(months.to_numpy(), [*counts.values()], width=27)
    axes.set(ylabel="listens a month")
    axes.spines[["top", "right"]].set_visible(False)
    return markdown_image(figure, "Listens by month")
