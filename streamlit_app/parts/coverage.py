"""How many songs have audio features, by source, and why the others have none."""

from collections.abc import Mapping
from typing import Any

SOURCES = {"catalogue": "Catalogue files", "reccobeats": "ReccoBeats", "spotify": "Spotify"}
REASONS = {
    "not_found": "No source knows them",
    "no_features": "Known, but without features",
    "blocked": "The service wants to be asked later",
    "error": "The service did not answer",
    "pending": "Not looked up yet",
}
FOUND, MISSING = "With audio features", "Without"


def rows(figures: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row a source and reason: what, whether it is found or missing, songs, share."""
    found = _counts(figures, "features_by_source")
    missing = _counts(figures, "missing_by_reason")
    total = sum(found.values()) + sum(missing.values())
    named = [(source_name(name), FOUND, songs) for name, songs in found.items()]
    named += [(REASONS.get(name, name), MISSING, songs) for name, songs in missing.items()]
    return [
        {"What": what, "Songs are": kind, "Songs": songs, "Share": songs / total}
        for what, kind, songs in named
        if songs
    ]


def source_name(source: str) -> str:
    """A source, or several joined by "+", as people call them."""
    return " and ".join(SOURCES.get(name, name) for name in source.split("+"))


def bar(figures: Mapping[str, Any]) -> dict[str, Any] | None:
    """One stacked bar of all songs; `None` where the release does not say."""
    parts = rows(figures)
    if not parts:
        return None
    return {
        "grid": {"left": 8, "right": 8, "top": 8, "bottom": 56, "containLabel": False},
        "legend": {"bottom": 0, "left": 0},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "max": sum(part["Songs"] for part in parts), "show": False},
        "yAxis": {"type": "category", "data": [""], "show": False},
        "series": [
            {
                "type": "bar",
                "name": part["What"],
                "stack": "songs",
                "data": [part["Songs"]],
                "barMaxWidth": 34,
                "itemStyle": {"opacity": 1.0 if part["Songs are"] == FOUND else 0.35},
            }
            for part in parts
        ],
    }


def describe(figures: Mapping[str, Any]) -> str:
    """The bar in words."""
    parts = [f"{part['What']}: {part['Songs']:,} songs" for part in rows(figures)]
    return "Audio features. " + "; ".join(parts) + "."


def _counts(figures: Mapping[str, Any], name: str) -> dict[str, int]:
    found = figures.get(name)
    return {str(key): int(value) for key, value in found.items()} if found else {}
