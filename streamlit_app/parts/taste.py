"""What somebody likes: artists, songs and sound, from a history."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recsys_dagster.recommend.answer import Answer
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.taste import forgotten
from streamlit_app.parts.serving import Answering
from streamlit_app.parts.words import count, enumerate_words, shorten

ARTISTS = SONGS = 10
FORGOTTEN = 15
_LONGEST = 60


def figures(history: History) -> dict[str, str]:
    """The few numbers that say how big a history is."""
    found = {"Listens": f"{int(history.plays.sum()):,}", "Songs": f"{len(history.songs):,}"}
    if history.first is not None and history.last is not None:
        first, last = history.first[~np.isnat(history.first)], history.last[~np.isnat(history.last)]
        if len(first):
            found |= {"From": _month(first.min()), "To": _month(last.max())}
    return found


def artists(recommender: Answering, history: History) -> list[tuple[str, int]]:
    """The most played artists with their plays."""
    best = recommender.favourites(history, ARTISTS)
    songs = recommender.look_up([one.song_id for one in best])
    return [
        (shorten(song.artist, _LONGEST), one.plays) for song, one in zip(songs, best, strict=True)
    ]


def bars(best: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Build the chart of the most played artists."""
    return {
        "grid": {"left": 8, "right": 24, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "value", "minInterval": 1},
        "yAxis": {"type": "category", "inverse": True, "data": [name for name, _ in best],
                  "axisLabel": {"width": 150, "overflow": "truncate"},
                  "axisTick": {"show": False}},
        "series": [{"type": "bar", "name": "Plays", "data": [plays for _, plays in best],
                    "barMaxWidth": 22, "itemStyle": {"borderRadius": [0, 4, 4, 0]}}],
    }  # fmt: skip


def describe_bars(best: Sequence[tuple[str, int]]) -> str:
    """Say in words what the chart of artists shows."""
    listed = [f"{name} {count(plays, 'play')}" for name, plays in best]
    return f"Most played artists: {enumerate_words(listed)}."


def songs(recommender: Answering, history: History) -> list[dict[str, Any]]:
    """The most played songs as rows of a table."""
    best = recommender.look_up(history.songs[:SONGS].tolist())
    return [
        {"Title": shorten(song.title), "Artist": shorten(song.artist), "Plays": int(plays)}
        for song, plays in zip(best, history.plays, strict=False)
    ]


def long_ago(recommender: Answering, history: History) -> list[dict[str, Any]]:
    """Songs played often once and not lately, as rows of a table."""
    found = forgotten(history, FORGOTTEN)
    named = recommender.look_up([one.song_id for one in found])
    return [
        {
            "Title": shorten(song.title), "Artist": shorten(song.artist), "Plays": one.plays,
            "First": one.first.item(), "Last": one.last.item(),
        }
        for song, one in zip(named, found, strict=True)
    ]  # fmt: skip


def recommended(recommender: Answering, answer: Answer) -> list[dict[str, Any]]:
    """The recommended songs as rows of a table, each with the song that speaks most for it."""
    strongest = [
        max(song.because.seeds, key=lambda seed: seed.share).song_id if song.because.seeds else None
        for song in answer.recommendations
    ]
    known = [song_id for song_id in dict.fromkeys(strongest) if song_id is not None]
    titles = {song.song_id: song.title for song in recommender.look_up(known)}
    best = max((song.score for song in answer.recommendations), default=1.0)
    return [
        {
            "Rank": song.rank, "Title": shorten(song.title), "Artist": shorten(song.artist),
            "Match": round(100 * min(1.0, max(0.0, song.score / best))) if best > 0 else 0,
            "Because you played": "" if seed is None else shorten(titles[seed]),
        }
        for song, seed in zip(answer.recommendations, strongest, strict=True)
    ]  # fmt: skip


def sound(recommender: Answering, history: History) -> tuple[Mapping[str, float | None], ...]:
    """The mean sound of all that was played, and of the catalogue."""
    mine = recommender.mean_audio(history.songs.tolist(), history.plays.tolist())
    return mine, recommender.catalogue_audio()


def _month(day: np.datetime64) -> str:
    return f"{day.item():%b %Y}"
