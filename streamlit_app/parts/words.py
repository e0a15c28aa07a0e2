"""The words of the app: text shown as it is, and plain words for methods, features and ages."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from recsys_dagster.recommend.methods import BRINGS, WORDS, Words

LONGEST = 200
_JOINER = "\u2060"  # no width; the renderers of emoji, arrows and links do not look past it
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_REPLACED = re.compile(r"(:(?=[\w+/-])|<(?=-)|[-<>~](?=[=>-])|@|www(?=\.))", re.IGNORECASE)


SOURCES = {
    "svd": (":material/favorite:", "violet"),
    "items": (":material/group:", "green"),
    "knn": (":material/graphic_eq:", "blue"),
    "artist": (":material/artist:", "red"),
    "popular": (":material/trending_up:", "orange"),
}
"""Icon and colour of each candidate source; one that came later has those of `_LATER`."""
_LATER = (":material/label:", "gray")
RUNGS = {
    "unknown": "Too little is known of these songs to answer the way you asked, so these are "
    "simply the most played songs. Pick another song, or another method.",
}
_KEYS = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def plain(text: str, longest: int = LONGEST) -> str:
    """Escape a text so that every Markdown field of Streamlit shows it letter by letter.

    Backslashes are not enough: emoji shortcodes, arrows and bare links are replaced after the
    escapes were read, so a joiner of no width is put into them. A text longer than a title may
    be has a `longest` of its own.
    """
    one_line = shorten(" ".join(text.split()), longest)
    joined = _REPLACED.sub(lambda found: found.group() + _JOINER, one_line)
    return _PUNCTUATION.sub(r"\\\1", joined)


def shorten(text: str, longest: int = LONGEST) -> str:
    """Cut an overlong text; a title of 10,000 letters must not push a page away."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def age(moment: datetime, now: datetime | None = None) -> str:
    """Say how long ago something was, in its largest unit."""
    seconds = max(0.0, ((now or datetime.now(UTC)) - moment).total_seconds())
    for name, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), name)} ago"
    return "just now"


def count(number: int, noun: str) -> str:
    """Write a number with its noun: `1 song`, `2,000 songs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def enumerate_words(words: Sequence[str]) -> str:
    """Join words: `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def method(name: str) -> Words:
    """Name and explain a method; one that this version does not have keeps its own name."""
    return WORDS.get(name, Words(name, ""))


def badge(source: str) -> str:
    """What a candidate source brings as a badge in Markdown."""
    icon, colour = SOURCES.get(source, _LATER)
    return f":{colour}-badge[{icon} {plain(BRINGS.get(source, source))}]"


def feature_value(feature: str, value: float) -> str:
    """Write an audio feature in its own unit."""
    if feature == "tempo":
        return f"{value:.0f} BPM"
    if feature == "loudness":
        return f"{value:.1f} dB"
    if feature == "duration_ms":
        return f"{int(value // 60000)}:{int(value // 1000) % 60:02d} min"
    if feature == "key":
        return _KEYS[round(value) % 12]
    if feature == "mode":
        return "major" if value >= 0.5 else "minor"
    if feature == "time_signature":
        return f"{value:.0f}/4"
    return f"{value:.0%}"


def feature_name(feature: str) -> str:
    """Name an audio feature as a reader would."""
    return {"duration_ms": "length"}.get(feature, feature.replace("_", " "))
