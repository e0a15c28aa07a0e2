"""How to recommend: what a list shall be like, all of it kept in the address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import streamlit as st

from recsys_dagster.recommend.methods import WORDS
from streamlit_app.parts.words import method

FEWEST, MOST, USUAL = 5, 50, 10
POPULARITY = {"safe": "Safe", "balanced": "Balanced", "deep": "Deep cuts"}
_POPULARITY_HELP = "Safe: rather what many play. Deep cuts: rather what few play."
_AMOUNTS = (-1.0, -0.5, 0.0, 0.5, 1.0)
_NEUTRAL = "As it comes"
STEERING: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "energy": ("Energy", ("Much calmer", "Calmer", _NEUTRAL, "Livelier", "Much livelier")),
    "valence": ("Mood", ("Much sadder", "Sadder", _NEUTRAL, "Happier", "Much happier")),
    "tempo": ("Tempo", ("Much slower", "Slower", _NEUTRAL, "Faster", "Much faster")),
}
PER_ARTIST = {0: "Any number", 1: "1", 2: "2", 3: "3", 5: "5"}
_Value = TypeVar("_Value", str, int, float)


@dataclass(frozen=True)
class Wishes:
    """What a list shall be like, as `Recommender.recommend` takes it."""

    method: str
    n: int = USUAL
    popularity: str = "balanced"
    steer: Mapping[str, float] = field(default_factory=dict)
    diversity: float = 0.0
    max_per_artist: int | None = None

    def arguments(self) -> dict[str, Any]:
        """As keyword arguments."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def misread(address: Mapping[str, str]) -> list[str]:
    """The settings in an address that have a value which they cannot have."""
    words: dict[str, set[str]] = {
        "method": {one.label for one in WORDS.values()},
        "popularity": set(POPULARITY.values()),
        "per_artist": set(PER_ARTIST.values()),
        **{name: set(labels) for name, (_, labels) in STEERING.items()},
    }
    wrong = [
        name for name, known in words.items() if name in address and address[name] not in known
    ]
    ranges = {"n": (FEWEST, MOST), "diversity": (0, 1)}
    return wrong + [
        name
        for name, (low, high) in ranges.items()
        if name in address and not _within(address[name], low, high)
    ]


def _within(text: str, low: float, high: float) -> bool:
    try:
        return low <= float(text[:20]) <= high
    except ValueError:
        return False


def standing(methods: Sequence[str]) -> Wishes:
    """What is set, for a page that does not draw the settings: by the session, or the address."""
    labels = {name: method(name).label for name in methods}
    steer = {
        name: _set(name, dict(zip(_AMOUNTS, words, strict=True)), 0.0)
        for name, (_, words) in STEERING.items()
    }
    return Wishes(
        method=_set("method", labels, methods[0]),
        n=int(_number("n", FEWEST, MOST, USUAL)),
        popularity=_set("popularity", POPULARITY, "balanced"),
        steer=steer,
        diversity=_number("diversity", 0, 1, 0),
        max_per_artist=_set("per_artist", PER_ARTIST, 0) or None,
    )


def _set(key: str, labels: Mapping[_Value, str], default: _Value) -> _Value:
    held = st.session_state.get(key)
    if held is not None:
        return default if held not in labels else cast("_Value", held)
    asked = st.query_params.get(key, "")
    return next((value for value, label in labels.items() if label == asked), default)


def _number(key: str, low: float, high: float, default: float) -> float:
    held = str(st.session_state.get(key, st.query_params.get(key, "")))
    return float(held) if _within(held, low, high) else default


def ask(methods: Sequence[str]) -> Wishes:
    """Draw the settings, the rarer ones folded away, and give what is set."""
    left, *others = st.columns(4, gap="medium", vertical_alignment="top")
    with left:
        popularity = _choose(
            "How well known", "popularity", POPULARITY, "balanced", help=_POPULARITY_HELP
        )
    steer = {}
    for column, (name, (label, words)) in zip(others, STEERING.items(), strict=True):
        with column:
            steer[name] = _steered(name, label, words)
    with st.expander("More settings", icon=":material/tune:", key="more-settings"):
        rarer = _rarer(methods)
    return Wishes(popularity=popularity, steer=steer, **rarer)


def _steered(name: str, label: str, words: Sequence[str]) -> float:
    chosen = st.select_slider(
        label,
        _AMOUNTS,
        0.0,
        format_func=dict(zip(_AMOUNTS, words, strict=True)).__getitem__,
        key=name,
        bind="query-params",
        persist_state="session",
    )
    return float(chosen)


def _rarer(methods: Sequence[str]) -> dict[str, Any]:
    labels = {name: method(name).label for name in methods}
    name = _choose("Method", "method", labels, methods[0])
    st.caption(method(name).explained)
    left, middle, right = st.columns(3, gap="medium")
    with left:
        number = st.slider(
            "How many songs", FEWEST, MOST, USUAL,
            key="n", bind="query-params", persist_state="session",
        )  # fmt: skip
    with middle:
        diversity = st.slider(
            "Variety", 0.0, 1.0, 0.0, 0.1,
            help="How much being like a song above counts against a song.",
            key="diversity", bind="query-params", persist_state="session",
        )  # fmt: skip
    with right:
        each = _choose("Songs of one artist", "per_artist", PER_ARTIST, 0)
    return {
        "method": name,
        "n": int(number),
        "diversity": float(diversity),
        "max_per_artist": each or None,
    }


def _choose(
    label: str, key: str, labels: Mapping[_Value, str], default: _Value, **more: Any
) -> _Value:
    chosen = st.segmented_control(
        label,
        list(labels),
        default=default,
        required=True,
        format_func=labels.__getitem__,
        key=key,
        bind="query-params",
        persist_state="session",
        **more,
    )
    return default if chosen is None else chosen
