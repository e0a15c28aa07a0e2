"""The space in which songs are compared by their audio features."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import BoolArray, Float32Array, Float64Array

MIN_FEATURES = 8
KEY_WEIGHT = 0.7
LOG_COLUMNS = frozenset({"tempo", "duration_ms"})


@dataclass(frozen=True)
class FeatureSpace:
    """How raw audio features become coordinates.

    `tempo` and `duration_ms` go on a log2 scale, where twice as fast is one step anywhere; 0 or
    less is missing. `loudness` is in decibels, which is one already. All columns but `key` are
    then standardised over the catalogue. `key` (0 … 11, pitch classes; -1 is missing) becomes
    the point `KEY_WEIGHT`·(sin, cos)(2π·key/12) of a circle around the origin, so B (11) is as
    near to C (0) as C sharp (1) is. The circle is neither centred nor scaled: that would make
    some keys better neighbours than others. Both coordinates together weigh about half of what
    another column does. A missing value is 0: the mean, or the middle of the circle.

    Attributes
    ----------
    columns
        Names of the raw columns in order.
    means, scales
        Of each raw column after the logarithm; 0 and 1 for `key`. A column without values or
        with one value alone has scale 1.
    """

    columns: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    @property
    def dimensions(self) -> int:
        """d: one for each column, and one more for `key`."""
        return len(self.columns) + ("key" in self.columns)

    @classmethod
    def fit(cls, features: Float64Array, columns: Sequence[str]) -> "FeatureSpace":
        """Learn means and scales.

        Parameters
        ----------
        features
            (n, c) float64, NaN for missing.
        columns
            c names, in the order of the columns of `features`.

        Raises
        ------
        RecsysError
            When names and columns differ in number or a name occurs twice.
        """
        from sklearn.preprocessing import StandardScaler  # serving never waits for sklearn

        if len(set(columns)) != len(columns):
            raise RecsysError(f"feature names must differ; got {list(columns)}. Rename them.")
        values = _cleaned(features, columns)
        means, scales = np.zeros(len(columns)), np.ones(len(columns))
        fitted = np.isfinite(values).any(axis=0) & np.array([name != "key" for name in columns])
        if fitted.any():
            scaler = StandardScaler().fit(values[:, fitted])
            means[fitted], scales[fitted] = scaler.mean_, scaler.scale_
        return cls(tuple(columns), tuple(means.tolist()), tuple(scales.tolist()))

    def usable(self, features: Float64Array) -> BoolArray:
        """Tell which songs have at least `MIN_FEATURES` features, (n,) bool."""
        present = np.isfinite(_cleaned(features, self.columns)).sum(axis=1)
        return np.asarray(present >= MIN_FEATURES)

    def transform(self, features: Float64Array) -> Float32Array:
        """Turn (n, c) raw features into (n, d) float32 coordinates, free of NaN.

        The columns keep their order; `key` gives its two coordinates in its place.

        Raises
        ------
        RecsysError
            When the number of columns is not that of `fit`.
        """
        values = _cleaned(features, self.columns)
        standard = (values - np.array(self.means)) / np.array(self.scales)
        parts = []
        for name, column, raw in zip(self.columns, standard.T, values.T, strict=True):
            if name == "key":
                angle = 2 * np.pi * raw / 12
                parts += [KEY_WEIGHT * np.sin(angle), KEY_WEIGHT * np.cos(angle)]
            else:
                parts.append(column)
        coordinates = np.stack(parts, axis=1) if parts else np.zeros((len(values), 0))
        return np.nan_to_num(coordinates, nan=0.0).astype(np.float32)

    def to_dict(self) -> dict[str, Any]:
        """Give all of it as lists and numbers for JSON."""
        return {name: list(value) for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "FeatureSpace":
        """Take back what `to_dict` gave.

        Raises
        ------
        RecsysError
            When an entry is missing or the lists differ in length.
        """
        try:
            columns = tuple(str(name) for name in data["columns"])
            means, scales = (tuple(map(float, data[name])) for name in ("means", "scales"))
        except (KeyError, TypeError, ValueError) as error:
            raise RecsysError(
                f"the feature space is incomplete: {error!r}. Build the index again."
            ) from error
        if not len(columns) == len(means) == len(scales):
            raise RecsysError(
                f"the feature space has {len(columns)} columns, {len(means)} means and "
                f"{len(scales)} scales; expected as many of each. Build the index again."
            )
        return cls(columns, means, scales)


def _cleaned(features: Float64Array, columns: Sequence[str]) -> Float64Array:
    values = np.array(features, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != len(columns):
        raise RecsysError(
            f"features must be songs by {len(columns)} columns; got shape {values.shape}. "
            f"Expected in this order: {', '.join(columns)}."
        )
    values[~np.isfinite(values)] = np.nan
    for place, name in enumerate(columns):
        column = values[:, place]
        if name in LOG_COLUMNS:
            column[column <= 0] = np.nan
            column[:] = np.log2(column)
        elif name == "key":
            column[column < 0] = np.nan
    return values
