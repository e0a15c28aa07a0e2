"""Plots of the audio features, as images in Markdown."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from recsys_dagster.audio.features import FEATURE_TABLE
from recsys_dagster.evaluation.plotting import blank, markdown_image

_UNITS = {feature.name: feature.unit for feature in FEATURE_TABLE}
_WHOLE = {feature.name for feature in FEATURE_TABLE if feature.whole}
_TITLES = {
    "duration_ms": "duration (minutes)",
    "key": "key (0 is C)",
    "mode": "mode (0 minor, 1 major)",
    "time_signature": "beats a bar",
}
_SHORT = {"duration_ms": "duration", "time_signature": "beats a bar"}
_MS_PER_MINUTE = 60_000
_ACROSS = 5


def feature_title(name: str) -> str:
    """A feature as people write it, with its unit where it has one.

    >>> feature_title("tempo"), feature_title("energy"), feature_title("time_signature")
    ('tempo (BPM)', 'energy', 'beats a bar')
    """
    unit = _UNITS[name]
    return _TITLES.get(name) or (name if unit == "share" else f"{name} ({unit})")


def plot_distributions(summary: Mapping[str, Any]) -> str:
    """Each feature's histogram over the catalogue, and as a line over what is played.

    Parameters
    ----------
    summary
        As `feature_summary` made it.
    """
    features: Mapping[str, Mapping[str, Any]] = summary["features"]
    down = -(-(len(features) + 1) // _ACROSS)  # one more for the legend
    figure = blank(11, 1.9 * down)
    cells = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for cell in cells:
        cell.set_axis_off()
    for cell, (name, row) in zip(cells, features.items(), strict=False):
        _plot_feature(cell, name, row)
    handles = dict(pair for cell in cells for pair in _legend(cell))
    cells[-1].legend(list(handles.values()), list(handles), loc="center", frameon=False)
    return markdown_image(figure, _say_distributions(features))


def _legend(cell: Axes) -> list[tuple[str, Any]]:
    handles, labels = cell.get_legend_handles_labels()
    return list(zip(labels, handles, strict=True))


def _plot_feature(cell: Axes, name: str, row: Mapping[str, Any]) -> None:
    cell.set_axis_on()
    cell.set_title(feature_title(name), fontsize=10)
    cell.set_yticks([])
    cell.spines[["top", "right", "left"]].set_visible(False)
    if not row["edges"]:
        cell.set_xticks([])
        cell.text(0.5, 0.5, "no song has it", ha="center", va="center", transform=cell.transAxes)
        return
    edges = _in_unit(name, np.array(row["edges"]))
    cell.stairs(row["catalogue"], edges, fill=True, color="C0", alpha=0.45, label="songs")
    if row["plays"]:
        cell.stairs(row["plays"], edges, color="C1", linewidth=1.5, label="plays")


def _in_unit(name: str, values: Any) -> Any:
    """In the unit of `feature_title`."""
    return values / _MS_PER_MINUTE if name == "duration_ms" else values


def _say_distributions(features: Mapping[str, Mapping[str, Any]]) -> str:
    known = {
        feature_title(name): _in_unit(name, row["quantiles"]["50"])
        for name, row in features.items()
        if row["edges"] and name not in _WHOLE
    }
    if not known:
        return "Distributions of the audio features: no song has any"
    by = "songs and of plays" if any(row["plays"] for row in features.values()) else "songs"
    middle = ", ".join(f"{name} {value:.3g}" for name, value in known.items())
    return f"Distributions of the audio features by share of {by}; medians of the songs: {middle}"


def plot_correlations(summary: Mapping[str, Any]) -> str:
    """The correlation of each pair of features as a coloured table with its numbers.

    Parameters
    ----------
    summary
        As `feature_summary` made it.
    """
    names = [_SHORT.get(name, name) for name in summary["correlations"]["names"]]
    table = np.array(summary["correlations"]["matrix"], dtype=np.float64)
    lower = table[1:, :-1]  # the diagonal is 1, and the rest is the same once more
    shown = np.where(np.tri(len(lower)) > 0, lower, np.nan)
    figure = blank(8, 5.5)
    axes = figure.subplots()
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    for (row, column), value in np.ndenumerate(shown):
        if np.isfinite(value):
            _write_number(axes, row, column, value)
    axes.set_xticks(range(len(names) - 1), names[:-1], rotation=40, ha="right")
    axes.set_yticks(range(len(names) - 1), names[1:])
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    figure.colorbar(image, label="correlation", shrink=0.6)
    return markdown_image(figure, _say_correlations(names, table))


def _write_number(axes: Axes, row: int, column: int, value: float) -> None:
    colour = "white" if abs(value) > 0.6 else "black"
    axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=9)


def _say_correlations(names: list[str], table: NDArray[np.float64]) -> str:
    pairs = [
        (table[row, column], f"{names[column]} and {names[row]} {table[row, column]:+.2f}")
        for row, column in zip(*np.tril_indices(len(names), -1), strict=True)
        if np.isfinite(table[row, column])
    ]
    strongest = [said for _, said in sorted(pairs, key=lambda pair: -abs(pair[0]))[:3]]
    found = f"; the strongest are {', '.join(strongest)}" if strongest else ": none can be measured"
    return f"Correlations of the audio features{found}"
