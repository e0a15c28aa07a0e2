"""Draws follow their weights and stay in their ranges."""

import numpy as np

from recsys_dagster.demo.draw import count_up_within, draw_in_ranges, pick_best, running_total


def test_draws_follow_the_weights_of_their_range() -> None:
    total = running_total(np.array([5.0, 1.0, 0.0, 3.0, 7.0]))
    low, high = np.full(1_000, 1), np.full(1_000, 4)
    drawn = draw_in_ranges(total, low, high, 20, np.random.default_rng(0))
    share = np.bincount(drawn.ravel(), minlength=5) / drawn.size
    np.testing.assert_allclose(share, [0, 0.25, 0, 0.75, 0], atol=0.015)


def test_each_row_draws_from_its_own_range() -> None:
    low = np.arange(50)
    drawn = draw_in_ranges(np.arange(52.0), low, low + 2, 30, np.random.default_rng(0))
    assert np.array_equal(drawn.min(axis=1), low)
    assert np.array_equal(drawn.max(axis=1), low + 1)


def test_picks_follow_the_softmax_of_the_scores() -> None:
    candidates = np.tile([10, 20, 30], (20_000, 1))
    score = np.log(np.tile([0.1, 0.6, 0.3], (20_000, 1))).astype(np.float32)
    picked = pick_best(candidates, score, np.random.default_rng(0))
    share = [(picked == song).mean() for song in (10, 20, 30)]
    np.testing.assert_allclose(share, [0.1, 0.6, 0.3], atol=0.015)


def test_counting_begins_anew_in_each_group() -> None:
    assert count_up_within(np.array([3, 1, 2])).tolist() == [0, 1, 2, 0, 0, 1]
