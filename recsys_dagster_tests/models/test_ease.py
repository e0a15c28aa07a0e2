"""EASE against the paper's own formula."""

from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.ease import MOST_ITEMS, Ease


def fitted(listens: Float64Array, regularisation: float = 5.0) -> Ease:
    users, items = np.nonzero(listens)
    n_users, n_items = listens.shape
    return Ease.fit(users, items, n_users=n_users, n_items=n_items, regularisation=regularisation)


def made_up(users: int, items: int) -> Float64Array:
    listens = (np.random.default_rng(2).random((users, items)) < 0.3).astype(np.float64)
    listens[0] = listens[:, 0] = 0
    return listens


@pytest.mark.parametrize(("users", "items"), [(80, 30), (30, 80)])
def test_it_is_the_formula_of_the_paper(users: int, items: int) -> None:
    listens = made_up(users, items)
    inverse = np.linalg.inv(listens.T @ listens + 5.0 * np.eye(items))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(fitted(listens).weights, expected, atol=1e-5)


def test_contributions_add_up_to_the_scores_by_their_weights() -> None:
    model = fitted(made_up(80, 30))
    seeds, weights = np.array([3, 9]), np.array([1, 0.5], np.float32)
    items = np.arange(30)
    scores = model.scores(seeds, weights)
    np.testing.assert_allclose(scores, model.weights[3] + 0.5 * model.weights[9], rtol=1e-5)
    parts = model.contributions(seeds, items, weights)
    assert parts.shape == (30, 2)
    np.testing.assert_allclose(parts.sum(axis=1), scores, atol=1e-6)


def test_what_is_refused() -> None:
    pair = (np.array([0]), np.array([0]))
    with pytest.raises(RecsysError, match=r"there are 20,001; expected at most 20,000.*item_knn"):
        Ease.fit(*pair, n_users=1, n_items=MOST_ITEMS + 1)
    with pytest.raises(RecsysError, match="regularisation must be a number above 0; got 0"):
        Ease.fit(*pair, n_users=1, n_items=2, regularisation=0)
    model = fitted(made_up(80, 30))
    with pytest.raises(RecsysError, match="seeds must lie in"):
        model.scores(np.array([30]))
    with pytest.raises(RecsysError, match="2 seeds but 1 weights"):
        model.scores(np.array([1, 2]), np.ones(1, np.float32))


def test_weights_that_are_not_square_are_refused(tmp_path: Path) -> None:
    fitted(made_up(80, 30)).save(tmp_path)
    np.save(tmp_path / "weights.npy", np.zeros((2, 3), np.float32))
    with pytest.raises(RecsysError, match="does not fit together: weights"):
        Ease.load(tmp_path)
