"""Folding in: the vector of a listener who was not trained on, from what they played."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float32Array, Float64Array, IntArray

ArrayShapes = dict[str, tuple[Any, tuple[int | None, ...]]]

UNOBSERVED_WEIGHT = 10.0
STEPS = 8
STEPS_OF_MANY = 4
"""Of `MANY` seeds or more, whose mean is near to where the steps lead."""
MANY = 20
PRIOR = 0.3
SAMPLED_ITEMS = 4096
_ROWS_AT_ONCE = 1 << 14


@dataclass(frozen=True)
class FoldIn:
    """A new listener.

    Attributes
    ----------
    bias
        b_u.
    factors
        (k,) float32, p_u.
    parts
        (n_seeds, k + 1) float32: what each seed adds to (p_u, b_u). They sum to it.
    """

    bias: float
    factors: Float32Array
    parts: Float32Array


class Factors(Protocol):
    """What folding in needs of a factorisation; see `SvdModel`."""

    @property
    def mean(self) -> float:
        """μ."""

    @property
    def item_bias(self) -> Float32Array:
        """(n_items,) b_i."""

    @property
    def item_factors(self) -> Float32Array:
        """(n_items, k) q_i."""


class Folding(Protocol):
    """How listeners are folded in; it comes with the objective that the model was trained on."""

    objective: ClassVar[str]
    numbers: ClassVar[tuple[str, ...]]
    """The names of its attributes that are numbers."""

    def fold_in(self, items: IntArray, model: "Factors", ratings: Float32Array | None) -> FoldIn:
        """Find the listener who played some items.

        Parameters
        ----------
        items
            (n_seeds,) checked.
        model
            The factorisation, of which the items are.
        ratings
            (n_seeds,) log(1 + plays); by default all are liked alike.
        """

    @staticmethod
    def array_shapes(n_items: int, factors: int) -> ArrayShapes:
        """Its arrays: by name their type, and the size of each dimension where it is known."""


@dataclass(frozen=True)
class RidgeFolding:
    """For the squared error: exact ridge regression.

    With x = (p_u, b_u), z_i = (q_i, 1) and t_i = r_i - μ - b_i, x has the lowest::

        1/|S| Σ_{i in S} (t_i - z_i·x)² + w/n Σ_{all trained i} (s_i - z_i·x)² + (1 + w) λ |x|²

    The second sum is of the songs that a listener did not name (Hu, Koren and Volinsky 2008,
    "Collaborative filtering for implicit feedback datasets"). Where training had w unplayed pairs
    beside each played one, s_i is their target, -μ - b_i, and this is what training itself comes
    to. Where it had none, they are like any others to the listener, s_i = 0: that keeps a few
    seeds from lifting everything that is merely common. The solution is a sum of one part for
    each seed; the second sum's share in it is divided evenly.

    Attributes
    ----------
    gram
        (k + 1, k + 1) float64, mean of z zᵀ over the trained items.
    pull
        (k + 1,) float64, mean of s z over them.
    regularisation
        λ of training.
    liked
        Rating that a seed is taken to have: the 0.9 quantile of the training ratings above 0.
    unobserved_weight
        w, at least 0.
    """

    gram: Float64Array
    pull: Float64Array
    regularisation: float
    liked: float
    unobserved_weight: float

    objective: ClassVar[str] = "squared"
    numbers: ClassVar[tuple[str, ...]] = ("regularisation", "liked", "unobserved_weight")

    @classmethod
    def of(
        cls,
        item_factors: Float32Array,
        item_bias: Float32Array,
        mean: float,
        regularisation: float,
        liked: float,
        unplayed: float,
    ) -> "RidgeFolding":
        """Prepare for items; those whose factors are all 0 were not trained and are left out.

        Parameters
        ----------
        item_factors, item_bias, mean, regularisation, liked
            (n_items, k) q, (n_items,) b, μ, λ and the rating of a seed.
        unplayed
            How many unplayed pairs training had for each played one; 0 for none.
        """
        size = item_factors.shape[1] + 1
        gram, pull, count = np.zeros((size, size)), np.zeros(size), 0
        for start in range(0, len(item_factors), _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            rows = np.zeros((len(item_factors[part]), size), dtype=np.float32)
            rows[:, :-1] = item_factors[part]
            rows[:, -1] = trained = rows.any(axis=1)
            gram += rows.T @ rows
            pull -= (np.float32(mean) + item_bias[part]) @ rows
            count += int(trained.sum())
        pull *= unplayed > 0
        return cls(
            gram / max(count, 1), pull / max(count, 1), regularisation, liked,
            unplayed if unplayed > 0 else UNOBSERVED_WEIGHT,
        )  # fmt: skip

    def fold_in(self, items: IntArray, model: Factors, ratings: Float32Array | None) -> FoldIn:
        """Solve the system; see `Folding`. No seeds at all give the average listener."""
        rows = np.ones((len(items), len(self.gram)))
        rows[:, :-1] = model.item_factors[items]
        rated = np.full(len(items), self.liked) if ratings is None else np.asarray(ratings)
        targets = rated.astype(np.float64) - model.mean - model.item_bias[items]
        count, weight = max(len(items), 1), self.unobserved_weight
        # A little ridge always, so that the system has one solution when λ and w are 0.
        ridge = max((1 + weight) * self.regularisation, 1e-6) * np.eye(len(self.gram))
        system = rows.T @ rows / count + weight * self.gram + ridge
        pulls = rows.T * targets + weight * self.pull[:, None]
        parts = np.linalg.solve(system, pulls / count).T
        whole = parts.sum(axis=0)
        return FoldIn(float(whole[-1]), whole[:-1].astype(np.float32), parts.astype(np.float32))

    @staticmethod
    def array_shapes(n_items: int, factors: int) -> ArrayShapes:  # noqa: ARG004
        """See `Folding`."""
        return {
            "gram": (np.float64, (factors + 1, factors + 1)),
            "pull": (np.float64, (factors + 1,)),
        }


@dataclass(frozen=True)
class SoftmaxFolding:
    """For the ranking loss: steps along its gradient, at length 1.

    From the mean of the n seeds, with Z = Σ_j w_j e^(x·q_j / τ) over the catalogue,
    E = Σ_j q_j w_j e^(x·q_j / τ) / Z and p̄ the mean of the training listeners::

        x += 1/n Σ_i g_i a_i (q_i - E) + λ/n p̄,    a_i = m Z / (m Z + e^(x·q_i / τ) / Q_i^c)

    and x is brought back to length 1. g_i is how much a listen counts in training, scaled to a
    mean of 1. a_i is the chance that training with m negatives, drawn
    with Q and corrected by c, would take one of them for i, and w_j = Q_j^(1-c). λ pulls those of
    whom little is known towards what most listen to. The sums over the catalogue are over a
    sample of it, so that a new listener costs the same however large it is. As every step is a
    sum over the seeds, so is the listener; λ's share is divided evenly.

    Attributes
    ----------
    sample
        (s, k) float32, factors of the sampled items.
    weights
        (s,) float32, w of each, over its chance to be in the sample.
    penalties
        (n_items,) float32, c·log Q.
    centre
        (k,) float32, p̄.
    temperature
        τ of training.
    negatives
        m of training.
    play_exponent
        g is log(1 + plays)^play_exponent, as in training.
    prior
        λ, at least 0.
    """

    sample: Float32Array
    weights: Float32Array
    penalties: Float32Array
    centre: Float32Array
    temperature: float
    negatives: float
    play_exponent: float
    prior: float = PRIOR

    objective: ClassVar[str] = "ranking"
    numbers: ClassVar[tuple[str, ...]] = (
        "temperature", "negatives", "play_exponent", "prior",
    )  # fmt: skip

    def __post_init__(self) -> None:
        if len(self.weights) != len(self.sample):
            raise RecsysError(
                f"got {len(self.weights)} weights for {len(self.sample)} sampled items; expected "
                "one each. Train the model again."
            )

    @classmethod
    def of(
        cls,
        user_factors: Float32Array,
        item_factors: Float32Array,
        chances: Float32Array,
        correction: float,
        temperature: float,
        negatives: int,
        play_exponent: float,
    ) -> "SoftmaxFolding":
        """Prepare for a model; items that are never drawn, with chance 0, are left out.

        Parameters
        ----------
        user_factors, item_factors
            (n_users, k), (n_items, k), of length 1, or 0 for those that were not trained.
        chances
            (n_items,) float32, Q but for a factor.
        correction, temperature, negatives, play_exponent
            c, τ, m and the exponent of g, of training.
        """
        known = np.flatnonzero(chances > 0)
        chosen, stands_for = _sampled(known, chances[known])
        logs = np.log(np.where(chances > 0, chances, 1) / max(float(chances.sum()), 1e-30))
        weights = stands_for * np.exp((1 - correction) * logs[chosen])
        return cls(
            item_factors[chosen],
            weights.astype(np.float32),
            (correction * logs).astype(np.float32),
            user_factors.sum(axis=0) / max(int(user_factors.any(axis=1).sum()), 1),
            temperature,
            float(negatives),
            play_exponent,
        )

    def fold_in(
        self,
        items: IntArray,
        model: Factors,
        ratings: Float32Array | None,
    ) -> FoldIn:
        """Go some steps; see `Folding`. Without seeds that were trained on, it is the centre."""
        seeds = np.asarray(model.item_factors[items], dtype=np.float32)
        known = seeds.any(axis=1)
        parts = np.zeros((len(items), seeds.shape[1] + 1), np.float32)
        if not known.any():
            centre = _at_length_one(self.centre[None])[0]
            parts[:, :-1] = centre / max(len(items), 1)
            return FoldIn(0.0, centre, parts)
        weights = np.ones(len(items)) if ratings is None else ratings**self.play_exponent
        parts[known, :-1] = self._climb(
            seeds[known], self.penalties[items[known]], weights[known, None]
        )
        return FoldIn(0.0, parts[:, :-1].sum(axis=0), parts)

    def _climb(
        self, seeds: Float32Array, penalties: Float32Array, weights: NDArray[np.floating]
    ) -> Float32Array:
        """What each of (n_seeds, k) adds to the listener; weights are (n_seeds, 1)."""
        weights = weights / max(float(weights.mean()), 1e-12)
        pull = self.prior / len(seeds) * self.centre
        parts = _at_length_one((weights * seeds + pull).astype(np.float32))
        for _ in range(steps_for(len(seeds))):
            listener = parts.sum(axis=0)
            scores = self.sample @ listener / np.float32(self.temperature)
            highest = scores.max()
            shares = self.weights * np.exp(scores - highest)
            whole = shares.sum()
            expected = shares @ self.sample / whole
            own = np.exp(seeds @ listener / self.temperature - penalties - highest)
            missed = 1 / (1 + own / (self.negatives * whole))
            step = (weights * missed[:, None] * (seeds - expected) + pull) / len(seeds)
            parts = _at_length_one(parts + step.astype(np.float32))
        return parts

    @staticmethod
    def array_shapes(n_items: int, factors: int) -> ArrayShapes:
        """See `Folding`."""
        return {
            "sample": (np.float32, (None, factors)),
            "weights": (np.float32, (None,)),
            "penalties": (np.float32, (n_items,)),
            "centre": (np.float32, (factors,)),
        }


def steps_for(seeds: int) -> int:
    """How many steps lead from the mean of so many seeds to the listener."""
    return STEPS if seeds < MANY else STEPS_OF_MANY


def _sampled(items: IntArray, chances: Float32Array) -> tuple[IntArray, Float64Array]:
    """At most `SAMPLED_ITEMS` of some items, and how many items each stands for.

    Items are drawn by the root of their chance, at even distances: those that are played more
    matter more, and the weights make up for it.
    """
    if len(items) <= SAMPLED_ITEMS:
        return items, np.ones(len(items))
    roots = np.sqrt(chances.astype(np.float64))
    reached = np.cumsum(roots)
    places = (np.arange(SAMPLED_ITEMS) + 0.5) / SAMPLED_ITEMS * reached[-1]
    chosen, times = np.unique(np.searchsorted(reached, places), return_counts=True)
    return items[chosen], times * reached[-1] / roots[chosen] / SAMPLED_ITEMS


def _at_length_one(parts: Float32Array) -> Float32Array:
    """Parts whose sum has length 1."""
    length = float(np.linalg.norm(parts.sum(axis=0)))
    return parts / np.float32(max(length, 1e-12))
