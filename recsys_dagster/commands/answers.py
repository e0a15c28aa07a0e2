"""Songs and answers, as a terminal shows them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recsys_dagster.commands import console

if TYPE_CHECKING:  # the recommender takes seconds to import, and not every command needs it
    from recsys_dagster.recommend.answer import Answer, Song

_BAR = 12
_SHOWN = 80


def show_answer(answer: "Answer") -> None:
    """What was not found and why on standard error, recommendations on standard output."""
    from recsys_dagster.recommend.methods import BRINGS

    show_unmatched(answer)
    if not answer.recommendations:
        console.err.print("There is nothing left to recommend.")
        return
    best = max(max(song.score for song in answer.recommendations), 1e-9)
    names = {seed.song.song_id: seed.song.title for seed in answer.seeds if seed.song}
    rows = [
        (
            str(song.rank),
            song.artist,
            song.title,
            bar(song.score / best),
            "+".join(BRINGS.get(one, one).lower() for one in song.sources),
            _because(song.because.seeds, names, [one.feature for one in song.because.audio]),
        )
        for song in answer.recommendations
    ]
    columns = [("#", True), ("artist", False), ("title", False), ("match", False),
               ("from", False), ("because", False)]  # fmt: skip
    console.out.print(console.table(columns, rows))


def show_unmatched(answer: "Answer") -> None:
    """What was not found, and that the answer is not of the first rung, on standard error."""
    for seed in answer.seeds:
        if not seed.matched:
            _not_found(f'Not in the catalogue: "{_cut(seed.query)}".', seed.suggestions)
    for one in answer.excluded:
        if not one.matched:
            words = f'Nothing to leave out: no {one.kind} "{_cut(one.query)}" in the catalogue.'
            _not_found(words, one.suggestions)
    fallback = _fallback(answer)
    if fallback:
        console.warn(fallback)


_FALLBACKS = {
    "audio": "Nobody has listened to these songs yet, so the answer goes by how they sound.",
    "unknown": "None of the songs is known, so these come from the most played ones.",
    "none": "No song was named, so these come from the most played ones. "
    'Name one to five: recsys recommend "Artist - Title"',
}


def _fallback(answer: "Answer") -> str | None:
    """One sentence where the answer is not of the first rung."""
    if answer.rung == "none" and answer.user is not None:
        return "This listener has played nothing yet, so these come from the most played songs."
    return _FALLBACKS.get(answer.rung)


def _cut(query: str) -> str:
    return query if len(query) <= _SHOWN else f"{query[:_SHOWN]}…"


def show_nothing_found(text: str, nearest: Sequence["Song"]) -> None:
    """Say that a search found nothing, and what comes nearest."""
    _not_found(f'No song has all the words of "{_cut(text)}".', nearest)


def _not_found(words: str, suggestions: Sequence["Song"]) -> None:
    nearest = "; ".join(f"{song.artist} - {song.title}" for song in suggestions)
    hint = f" Did you mean: {nearest}?" if nearest else ""
    console.warn(words + hint)


def _because(seeds: Sequence[Any], names: Mapping[int, str], features: list[str]) -> str:
    shares = [
        f"{names[one.song_id]} {one.share:.0%}"
        for one in seeds
        if len(names) > 1 and one.song_id in names and one.share >= 0.005
    ]
    alike = [f"like in {', '.join(features)}"] if features else []
    return "; ".join([", ".join(shares), *alike] if shares else alike)


def bar(share: float) -> str:
    """A share of the best as a bar."""
    return "█" * round(max(min(share, 1), 0) * _BAR) or "▏"


def show_songs(songs: Sequence["Song"]) -> None:
    """Songs of the catalogue."""
    rows = [
        (song.artist, song.title, f"{song.plays:,}", f"{song.listeners:,}",
         "yes" if song.has_audio else "no")
        for song in songs
    ]  # fmt: skip
    columns = [("artist", False), ("title", False), ("plays", True), ("listeners", True),
               ("audio features", False)]  # fmt: skip
    console.out.print(console.table(columns, rows))
