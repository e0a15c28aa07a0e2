import doctest

import numpy as np
import pytest

from recsys_dagster.evaluation import bootstrap
from recsys_dagster.evaluation.bootstrap import draw_weights, intervals, means, weighted_means


def test_the_examples_run() -> None:
    found = doctest.testmod(bootstrap)
    assert found.failed == 0
    assert found.attempted >= 3


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Skewed figures like those of listeners, of which most find little."""
    rng = np.random.default_rng(3)
    samples = rng.beta(0.6, 2.4, size=(60, 600))  # 600 evaluations of 60 listeners; mean 0.2
    found = intervals(samples, draw_weights(60, rng=4))
    held = np.mean((found[:, 0] <= 0.2) & (found[:, 1] >= 0.2))
    assert 0.91 <= held <= 0.975
    narrow = intervals(samples, draw_weights(60, rng=4), confidence=0.5)
    assert 0.43 <= np.mean((narrow[:, 0] <= 0.2) & (narrow[:, 1] >= 0.2)) <= 0.57


def test_pairs_are_narrower_than_strangers_when_they_go_together() -> None:
    rng = np.random.default_rng(0)
    easy = rng.random(200)
    ours, theirs = easy + rng.normal(0.02, 0.02, 200), easy + rng.normal(0, 0.02, 200)
    weights, others = draw_weights(200, rng=1), draw_weights(200, rng=2)
    low, high = intervals((ours - theirs)[:, None], weights)[0]
    drawn = weighted_means(ours[:, None], weights) - weighted_means(theirs[:, None], others)
    apart = np.quantile(drawn, (0.025, 0.975))
    assert high - low < 0.2 * (apart[1] - apart[0])
    assert low > 0 > apart[0]


def test_weights_are_the_means_of_listeners_drawn_one_by_one() -> None:
    values = np.random.default_rng(0).random((9, 2))
    weights = draw_weights(9, rng=7, resamples=40)
    for row, found in zip(weights.astype(int), weighted_means(values, weights), strict=True):
        np.testing.assert_allclose(found, np.repeat(values, row, axis=0).mean(axis=0))


def test_the_same_seed_gives_the_same_numbers() -> None:
    values = np.random.default_rng(0).random((20, 3))
    found = [intervals(values, draw_weights(20, rng=seed)) for seed in (5, 5, 6)]
    assert (found[0] == found[1]).all()
    assert (found[0] != found[2]).any()


@pytest.mark.parametrize("known", [0, 1])
def test_one_listener_gives_nan(known: int) -> None:
    values = np.full((4, 1), np.nan)
    values[:known] = 0.3
    assert np.isnan(intervals(values, draw_weights(4))).all()
    assert np.isnan(intervals(values[:known], draw_weights(known))).all()


def test_a_listener_without_a_figure_is_left_out_of_that_figure_alone() -> None:
    values = np.random.default_rng(0).random((12, 2))
    holes = values.copy()
    holes[0, 1] = np.nan
    weights = draw_weights(12)
    found = intervals(holes, weights)
    assert (found[0] == intervals(values, weights)[0]).all()
    np.testing.assert_allclose(means(holes), [values[:, 0].mean(), values[1:, 1].mean()])
    assert np.isfinite(found[1]).all()
