"""The song map: the catalogue in two dimensions, with axes that mean something."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.map_axes import Axis, describe_axis, dimension_names, main_plane
from recsys_dagster.models.arrays import Float32Array, Float64Array, Int32Array
from recsys_dagster.models.knn.space import MIN_FEATURES, FeatureSpace
from recsys_dagster.storage.tables import write_table

FEWEST_SONGS = 3
DECIMALS = 3
"""Finer than a pixel, and coarser than what the order of a sum does to the last digits."""
_FLAT = 1e-4
"""A variance of less is no second dimension: the songs spread by 0.01 standard deviations."""
_BLOCK = 1 << 16


@dataclass(frozen=True)
class SongMap:
    """Where each song lies.

    Attributes
    ----------
    song_ids
        (m,) int32, the songs that have audio, in the order given.
    x, y
        (m,) float32, in the units of the feature space.
    axes
        Of x and y; none where there is no map.
    left_out
        Number of songs with fewer than `MIN_FEATURES` features.
    reason
        Why there is no map, in words.
    """

    song_ids: Int32Array
    x: Float32Array
    y: Float32Array
    axes: tuple[Axis, ...]
    left_out: int
    reason: str | None = None

    def write(self, path: Path) -> None:
        """Write the table `song_id`, `x`, `y`."""
        write_table(pl.DataFrame({"song_id": self.song_ids, "x": self.x, "y": self.y}), path)

    def to_dict(self) -> dict[str, Any]:
        """Everything but the songs, for JSON."""
        return {
            "songs": len(self.song_ids),
            "left_out": self.left_out,
            "axes": [axis.to_dict() for axis in self.axes],
            "reason": self.reason,
        }


def make_song_map(
    song_ids: NDArray[np.integer[Any]], features: Float64Array, columns: Sequence[str]
) -> SongMap:
    """Lay out the songs in the plane in which they differ most.

    The features are standardised as for the nearest neighbours, so songs that are close there
    tend to be close here. Made for catalogues up to millions of songs: the coordinates are
    worked out block by block.

    Parameters
    ----------
    song_ids
        (n,) whole numbers.
    features
        (n, c) raw features, NaN for missing.
    columns
        c names, in the order of the columns of `features`.

    Raises
    ------
    RecsysError
        When songs, features and names differ in number.
    """
    if len(song_ids) != len(features):
        raise RecsysError(
            f"got {len(song_ids)} song ids and {len(features)} rows of features; expected as many."
        )
    usable = np.flatnonzero(FeatureSpace.fit(features[:0], columns).usable(features))
    heard = features[usable]
    space = FeatureSpace.fit(heard, columns)
    covariance, left_out = _covariance(space, heard), len(features) - len(heard)
    if reason := _why_none(covariance, len(heard)):
        none = np.empty(0, np.float32)
        return SongMap(np.empty(0, np.int32), none, none, (), left_out, reason)
    names = dimension_names(columns)
    plane = main_plane(covariance, names)
    x, y = _project(space, heard, plane)
    axes = tuple(_axis(direction, covariance, names) for direction in plane.T)
    return SongMap(song_ids[usable].astype(np.int32), x, y, axes, left_out)


def _axis(direction: Float64Array, covariance: Float64Array, names: Sequence[str]) -> Axis:
    share = direction @ covariance @ direction / covariance.trace()
    return describe_axis(direction, names, float(share))


def _covariance(space: FeatureSpace, features: Float64Array) -> Float64Array:
    """Of the songs' coordinates, (d, d); zeros without songs."""
    total, squares = np.zeros(space.dimensions), np.zeros((space.dimensions,) * 2)
    for block in _coordinates(space, features):
        total += block.sum(axis=0)
        squares += block.T @ block
    mean = total / max(len(features), 1)
    return squares / max(len(features), 1) - np.outer(mean, mean)


def _project(space: FeatureSpace, features: Float64Array, plane: Float64Array) -> Float32Array:
    """The songs around the middle of the map, (2, m)."""
    points = np.concatenate([block @ plane for block in _coordinates(space, features)]).T
    centred = (points - points.mean(axis=1, keepdims=True)).round(DECIMALS)
    return np.ascontiguousarray(centred + 0.0, dtype=np.float32)  # + 0.0: no -0.0


def _coordinates(space: FeatureSpace, features: Float64Array) -> Iterator[Float64Array]:
    for start in range(0, len(features), _BLOCK):
        yield space.transform(features[start : start + _BLOCK]).astype(np.float64)


def _why_none(covariance: Float64Array, kept: int) -> str | None:
    if kept < FEWEST_SONGS:
        return (
            f"A map needs {FEWEST_SONGS} songs with {MIN_FEATURES} or more audio features; "
            f"there are {kept}."
        )
    if len(covariance) < 2 or np.linalg.eigvalsh(covariance)[-2] < _FLAT:
        return "A map needs songs that differ in two ways; all of these lie on one line."
    return None
