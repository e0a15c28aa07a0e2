"""The song map as a chart: plain functions from places, songs and axes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from recsys_dagster.recommend.answer import Song
from recsys_dagster.recommend.placing import Places
from streamlit_app.parts.words import count, enumerate_words, shorten

MOST = 30_000
"""Songs that a browser draws fluently."""
_LARGE = 4_000
_LONGEST = 80
SONGS, FOUND, PICKED = "Songs", "Recommended", "Your songs"


@dataclass(frozen=True)
class Marked:
    """Songs of a kind that stand out on the map, with where they lie."""

    name: str
    songs: tuple[Song, ...]
    points: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, name: str, songs: Sequence[Song], places: Places) -> "Marked":
        """Those of some songs that are on the map."""
        rows = [(song, places.rows(np.array([song.song_id]))) for song in songs]
        there = [(song, places.points[row[0]]) for song, row in rows if len(row)]
        points = tuple((round(float(x), 3), round(float(y), 3)) for _, (x, y) in there)
        return cls(name, tuple(song for song, _ in there), points)


def frame(places: Places, rows: np.ndarray[Any, np.dtype[np.int64]], songs: Sequence[Song]) -> Any:
    """One row a song of the sample: x, y, title, artist."""
    points = places.points[rows]
    return pl.DataFrame(
        {
            "x": points[:, 0],
            "y": points[:, 1],
            "title": [shorten(song.title, _LONGEST) for song in songs],
            "artist": [shorten(song.artist, _LONGEST) for song in songs],
        }
    )


def spec(drawn: Any, marked: Sequence[Marked], axes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Build the chart; a click on a song of any series selects it."""
    across, up = axes
    return {
        "dataset": {"source": drawn},
        "grid": {"left": 28, "right": 8, "top": 40, "bottom": 32, "containLabel": False},
        "legend": {"top": 4, "left": 0},
        "tooltip": {"trigger": "item", "confine": True},
        "toolbox": {
            "right": 0,
            "feature": {"dataZoom": {"title": {"zoom": "Zoom into a part", "back": "Zoom back"}}},
        },
        "xAxis": _axis(across, 22),
        "yAxis": _axis(up, 14),
        "series": [_dots(len(drawn)), *(_stars(one) for one in marked)],
    }


def _axis(axis: Mapping[str, Any], gap: int) -> dict[str, Any]:
    return {
        "type": "value",
        "scale": True,
        "name": f"◂ {axis['low']}   |   {axis['high']} ▸",
        "nameLocation": "middle",
        "nameGap": gap,
        "axisLabel": {"show": False},
        "axisTick": {"show": False},
        "splitLine": {"show": False},
    }


def _dots(songs: int) -> dict[str, Any]:
    return {
        "type": "scatter",
        "id": SONGS,
        "name": SONGS,
        "encode": {"x": "x", "y": "y"},
        "large": songs > _LARGE,
        "symbolSize": 4 if songs > _LARGE else 6,
        "itemStyle": {"opacity": 0.35},
        "selectedMode": "single",
        "select": {"disabled": False},
        "tooltip": {"formatter": "{@title} – {@artist}"},
    }


def _stars(marked: Marked) -> dict[str, Any]:
    picked = marked.name == PICKED
    return {
        "type": "scatter",
        "id": marked.name,
        "name": marked.name,
        "symbol": "diamond" if picked else "circle",
        "symbolSize": 20 if picked else 11,
        "itemStyle": {"borderWidth": 1, "borderColor": "#ffffff"},
        "label": {"show": picked, "position": "right", "formatter": "{b}", "overflow": "truncate",
                  "width": 160},
        "labelLayout": {"hideOverlap": True},
        "selectedMode": "single",
        "tooltip": {"formatter": "{b}"},
        "z": 4 if picked else 3,
        "data": [
            {"name": shorten(f"{song.title} – {song.artist}", _LONGEST), "value": list(point)}
            for song, point in zip(marked.songs, marked.points, strict=True)
        ],
    }  # fmt: skip


def pressed(selection: Mapping[str, Any], ids: Mapping[str, Sequence[int]]) -> list[int]:
    """The songs that a selection of the chart means; `ids` are those of each series."""
    found = []
    for group in selection.get("selected", ()):
        known = ids.get(str(group.get("series_id")), ())
        found += [int(known[at]) for at in group.get("data_indices", ()) if 0 <= at < len(known)]
    return found


def explain(drawn: int, on_map: int, facts: Mapping[str, Any]) -> str:
    """Say what is drawn, what is left out, and how much the two axes tell."""
    shown = (
        f"All {count(on_map, 'song')} whose sound is known."
        if drawn >= on_map
        else f"A sample: {drawn:,} of the {count(on_map, 'song')} whose sound is known, the same "
        "each time; your songs and those recommended are always in it."
    )
    left_out = int(facts.get("left_out") or 0)
    rest = f" {count(left_out, 'song')} with too few audio features cannot be placed."
    shares = [float(axis.get("share", 0)) for axis in facts.get("axes", ())]
    told = f" The two axes tell {sum(shares):.0%} of how songs differ." if shares else ""
    return shown + (rest if left_out else "") + told


def describe(axes: Sequence[Mapping[str, Any]], marked: Sequence[Marked]) -> str:
    """Say in words what the chart shows, for those who cannot see it."""
    across, up = axes
    parts = [f"{one.name}: {enumerate_words(_where(one, axes))}." for one in marked if one.songs]
    return (
        f"Song map. From left to right: from {across['low']} to {across['high']}. From bottom to "
        f"top: from {up['low']} to {up['high']}. {' '.join(parts)}"
    )


def _where(marked: Marked, axes: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{shorten(song.title, 40)}, {side(point, axes)}"
        for song, point in zip(marked.songs, marked.points, strict=True)
    ]


def side(point: tuple[float, float], axes: Sequence[Mapping[str, Any]]) -> str:
    """Where a song lies, in the words of the axes; the middle of the map is 0."""
    ends = (axis["high" if value >= 0 else "low"] for axis, value in zip(axes, point, strict=True))
    return "; ".join(ends)
