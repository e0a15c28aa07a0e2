"""The song map as an image in Markdown."""

from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure
from numpy.typing import NDArray

from recsys_dagster.evaluation.map_axes import Axis
from recsys_dagster.evaluation.plotting import blank, markdown_image
from recsys_dagster.evaluation.song_map import SongMap

MOST_PLAYED = 100
_SHOWN = (0.1, 99.9)
"""The percentiles of the songs that the map's frame holds: a few odd ones would shrink all."""

_MOST_LETTERS = 48
"""Of both ends of an axis in one line: more would not go along its height."""


def plot_map(song_map: SongMap, plays: NDArray[Any] | None = None) -> str:
    """The song map as a density, with the most played songs on it.

    Parameters
    ----------
    song_map
        The map; where there is none, its reason is given as text.
    plays
        (m,) plays of `song_map.song_ids`.
    """
    if song_map.reason is not None:
        return song_map.reason
    figure = blank(7.5, 5.5)
    axes = figure.subplots()
    _plot_density(figure, axes, song_map)
    said = f"Song map of {len(song_map.x)} songs"
    if plays is not None and plays.any():
        said += f" and {_plot_most_played(axes, song_map, plays)}"
    across, up = song_map.axes
    axes.set(xlabel=_axis_label(across), ylabel=_axis_label(up), xticks=[], yticks=[])
    axes.spines[["top", "right"]].set_visible(False)
    return markdown_image(figure, f"{said}; left to right: {across.name}; upwards: {up.name}")


def _axis_label(axis: Axis) -> str:
    long = len(axis.low + axis.high) > _MOST_LETTERS
    between = "\n" if long else "    "
    share = f"{axis.share:.0%} of the differences between songs"
    return f"{axis.low}  ⟵{between}⟶  {axis.high}\n{share}"


def _plot_density(figure: Figure, axes: Axes, song_map: SongMap) -> None:
    """Hexagons coloured by their number of songs; few songs get large ones."""
    left, right = np.percentile(song_map.x, _SHOWN)
    low, high = np.percentile(song_map.y, _SHOWN)
    hexagons = axes.hexbin(
        song_map.x, song_map.y, bins="log", mincnt=1, extent=(left, right, low, high),
        gridsize=int(np.clip(len(song_map.x) ** 0.5 / 2, 8, 40)),
        # Blended edges make the image three times as large.
        cmap=_blues(), linewidths=0, antialiased=False,
    )  # fmt: skip
    axes.set(xlim=(left, right), ylim=(low, high))
    figure.colorbar(hexagons, label="songs", shrink=0.6, format="{x:.0f}")


def _blues() -> Colormap:
    """Without the palest ones, which nobody can tell from the background."""
    return ListedColormap(colormaps["Blues"](np.linspace(0.15, 1, 16)))


def _plot_most_played(axes: Axes, song_map: SongMap, plays: NDArray[Any]) -> str:
    """Dots, larger for more plays; say what they are."""
    most = np.argsort(-plays, kind="stable")[:MOST_PLAYED]
    most = most[plays[most] > 0]
    said = f"the {len(most)} most played"
    axes.scatter(
        song_map.x[most], song_map.y[most], 10 + 60 * plays[most] / plays.max(),
        color="C1", edgecolor="white", linewidth=0.5, label=said,
    )  # fmt: skip
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, borderpad=0)
    return said
