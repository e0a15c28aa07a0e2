"""Why a song was recommended, in words and figures.

All of it is one piece of Markdown: a list has many songs, and what a page is made of is sent and
drawn piece by piece.
"""

from collections.abc import Mapping, Sequence

from recsys_dagster.recommend.answer import AudioAgreement, Recommendation, SeedShare, Song
from recsys_dagster.recommend.methods import DEAF
from streamlit_app.parts.words import feature_name, feature_value, plain

_BAR = 10


def explain(song: Recommendation, seeds: Mapping[int, Song]) -> str:
    """What each picked song brought, and where the song sounds like them, as Markdown."""
    parts = []
    if song.sources and set(song.sources) <= set(DEAF):
        played = "It is played a lot. " if "popular" in song.sources else ""
        parts.append(f"{played}Your songs had no say in it.")
    elif song.because.seeds:
        parts += ["**What your songs brought**", shares(song.because.seeds, seeds)]
    if song.because.audio:
        parts += ["**Where it sounds like your songs**", agreements(song.because.audio)]
    return "\n\n".join(parts)


def shares(found: Sequence[SeedShare], seeds: Mapping[int, Song]) -> str:
    """The share of each song as a table, the largest first."""
    rows = [("Share", "", "Song"), ("--:", "---", "---")]
    for one in sorted(found, key=lambda each: -each.share):
        share = min(1.0, max(0.0, one.share))
        seed = seeds.get(one.song_id)
        name = plain(f"{seed.title} – {seed.artist}") if seed else "another song"
        rows.append((f"{share:.0%}", f":primary[{'█' * round(share * _BAR) or '▏'}]", name))
    return _table(rows)


def agreements(audio: Sequence[AudioAgreement]) -> str:
    """The audio features that agree as a table."""
    rows = [("Audio feature", "Your songs", "This song"), ("---", "--:", "--:")]
    for one in audio:
        values = (feature_value(one.feature, value) for value in (one.seed, one.song))
        rows.append((feature_name(one.feature), *values))  # type: ignore[arg-type]
    return _table(rows)


def _table(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
