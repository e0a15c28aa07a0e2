"""The two axes of the song map, and what they say in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsys_dagster.models.arrays import Float64Array

KEY_DIMENSIONS = ("key (sine)", "key (cosine)")
WORDS = {
    "energy": ("calm", "energetic"),
    "tempo": ("slow", "fast"),
    "valence": ("sad", "happy"),
    "danceability": ("not danceable", "danceable"),
    "acousticness": ("electric", "acoustic"),
    "instrumentalness": ("sung", "instrumental"),
    "liveness": ("studio", "live"),
    "speechiness": ("little speech", "much speech"),
    "loudness": ("quiet", "loud"),
    "mode": ("minor", "major"),
    "duration_ms": ("short", "long"),
    "time_signature": ("fewer beats a bar", "more beats a bar"),
    # The circle of the feature space has C at the top, D sharp right, F sharp below and A left.
    "key (sine)": ("keys near A", "keys near D sharp"),
    "key (cosine)": ("keys near F sharp", "keys near C"),
}
"""What little and much of each dimension is called."""
MOST_WORDS = 3
LEAST_WEIGHT = 0.5
"""A dimension is named if it weighs at least this share of the heaviest one."""
_RIGHT = ("energy", "loudness")
_UP = ("valence", "danceability")
_UNDECIDED = 0.1


@dataclass(frozen=True)
class Axis:
    """One axis of the map.

    Attributes
    ----------
    low, high
        What its two ends sound like, such as "calm, acoustic" and "energetic, electric".
    share
        Of the variance of all songs in the feature space, 0 to 1.
    weights
        By dimension, how much of it one step along the axis is; their squares add up to 1.
    """

    low: str
    high: str
    share: float
    weights: dict[str, float]

    @property
    def name(self) -> str:
        """Both ends as one text."""
        return f"{self.low} ↔ {self.high}"

    def to_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        weights = {name: round(weight, 4) for name, weight in self.weights.items()}
        ends = {"name": self.name, "low": self.low, "high": self.high}
        return {**ends, "share": round(self.share, 4), "weights": weights}


def dimension_names(columns: Sequence[str]) -> list[str]:
    """Names of the dimensions of `FeatureSpace(columns)`: `key` is two of them."""
    return [
        name for column in columns for name in (KEY_DIMENSIONS if column == "key" else (column,))
    ]


def main_plane(covariance: Float64Array, names: Sequence[str]) -> Float64Array:
    """The plane of the greatest variance, turned until its axes are easiest to name, (d, 2).

    The first two principal components span it, and a varimax rotation (Kaiser 1958) turns it so
    that each dimension weighs much on one axis and little on the other. Distances on the map
    are not touched. Energy points to the right and happiness up, wherever they weigh anything.
    """
    plane = varimax(np.linalg.eigh(covariance).eigenvectors[:, :-3:-1])
    energy = _weight(plane, names, _RIGHT)
    if abs(energy[1]) > abs(energy[0]):
        plane = plane[:, ::-1]
    signs = [_sign(plane[:, [axis]], names, up) for axis, up in enumerate((_RIGHT, _UP))]
    return np.asarray(plane * signs)


def varimax(plane: Float64Array) -> Float64Array:
    """Turn two columns (d, 2) by the angle that makes the variance of their squares largest.

    For two columns the angle is known in closed form (Kaiser 1958, equation 5).
    """
    first, second = plane.T
    u, v = first**2 - second**2, 2 * first * second
    top = 2 * (u @ v - u.sum() * v.sum() / len(u))
    bottom = u @ u - v @ v - (u.sum() ** 2 - v.sum() ** 2) / len(u)
    angle = np.arctan2(top, bottom) / 4
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.asarray(plane @ np.array([[cosine, -sine], [sine, cosine]]))


def describe_axis(direction: Float64Array, names: Sequence[str], share: float) -> Axis:
    """Name the ends of an axis by its heaviest dimensions."""
    size = np.abs(direction)
    # Rounded, so that equal weights keep the order of the columns on every machine.
    heaviest = np.argsort(-size.round(6), kind="stable")[:MOST_WORDS]
    named = [place for place in heaviest if size[place] >= LEAST_WEIGHT * size.max()]
    words = [_ends(names[place])[:: 1 if direction[place] > 0 else -1] for place in named]
    low, high = (", ".join(end) for end in zip(*words, strict=True))
    return Axis(low, high, share, dict(zip(names, direction.tolist(), strict=True)))


def _ends(name: str) -> tuple[str, str]:
    return WORDS.get(name, (f"little {name}", f"much {name}"))


def _weight(plane: Float64Array, names: Sequence[str], wanted: Sequence[str]) -> Float64Array:
    return np.asarray(plane[[name in wanted for name in names]].sum(axis=0))


def _sign(direction: Float64Array, names: Sequence[str], wanted: Sequence[str]) -> float:
    """1 or -1, whichever makes `wanted` or, where that weighs nothing, the heaviest positive."""
    weight = float(_weight(direction, names, wanted)[0])
    if abs(weight) < _UNDECIDED:
        weight = float(direction.flat[np.abs(direction).round(6).argmax()])
    return 1.0 if weight >= 0 else -1.0
