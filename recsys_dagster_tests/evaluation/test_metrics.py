import doctest
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from recsys_dagster.evaluation import metrics
from recsys_dagster.evaluation.metrics import CUTOFFS, measure, measure_hits

CATALOGUE = 40
RANKINGS = st.permutations(range(CATALOGUE))
RELEVANT = st.sets(st.integers(0, CATALOGUE - 1), min_size=1)


def test_the_examples_run() -> None:
    found = doctest.testmod(metrics)
    assert found.failed == 0
    assert found.attempted >= 8


def figures(ranked: list[int], relevant: set[int]) -> dict[str, float]:
    return measure(np.array(ranked, np.int64), np.array(sorted(relevant), np.int64))


@given(ranked=RANKINGS, relevant=RELEVANT)
def test_ndcg_is_that_of_scikit_learn(ranked: list[int], relevant: set[int]) -> None:
    truth = np.isin(np.arange(CATALOGUE), list(relevant)).astype(float)
    scores = np.empty(CATALOGUE)
    scores[ranked] = np.arange(CATALOGUE, 0, -1)
    found = figures(ranked, relevant)
    for k in CUTOFFS:
        expected = ndcg_score([truth], [scores], k=k)
        assert found[f"ndcg@{k}"] == pytest.approx(expected)


@given(ranked=RANKINGS, length=st.integers(0, CATALOGUE), relevant=RELEVANT)
def test_all_of_them_counted_by_hand(ranked: list[int], length: int, relevant: set[int]) -> None:
    short = ranked[:length]
    found = figures(short, relevant)
    for k in CUTOFFS:
        hit = sum(1 for song in short[:k] if song in relevant)
        gain = sum(1 / math.log2(place + 2) for place, song in enumerate(short[:k])
                   if song in relevant)  # fmt: skip
        ideal = sum(1 / math.log2(place + 2) for place in range(min(k, len(relevant))))
        assert found[f"precision@{k}"] == hit / k
        assert found[f"recall@{k}"] == hit / min(k, len(relevant))
        assert found[f"ndcg@{k}"] == pytest.approx(gain / ideal)
        places = [place + 1 for place, song in enumerate(short[:k]) if song in relevant]
        assert found[f"mrr@{k}"] == (1 / places[0] if places else 0)
        assert found[f"hit@{k}"] == bool(places)
    assert all(0 <= value <= 1 + 1e-12 for value in found.values())


@given(relevant=RELEVANT)
def test_a_perfect_ranking_gives_1(relevant: set[int]) -> None:
    rest = [song for song in range(CATALOGUE) if song not in relevant]
    found = figures([*sorted(relevant), *rest], relevant)
    for k in CUTOFFS:
        assert found[f"ndcg@{k}"] == pytest.approx(1)
        assert found[f"recall@{k}"] == found[f"mrr@{k}"] == found[f"hit@{k}"] == 1
        assert found[f"precision@{k}"] == min(k, len(relevant)) / k
    worst = figures([*rest, *sorted(relevant)], relevant)
    assert worst["ndcg@5"] < 1 or len(rest) == 0


@given(ranked=RANKINGS, relevant=RELEVANT, place=st.integers(1, 19))
def test_a_hit_that_moves_up_never_lowers_ndcg(
    ranked: list[int], relevant: set[int], place: int
) -> None:
    above, below = ranked[place - 1], ranked[place]
    if below in relevant and above not in relevant:
        better = [*ranked[: place - 1], below, above, *ranked[place + 1 :]]
        before, after = figures(ranked, relevant), figures(better, relevant)
        assert after["ndcg@20"] > before["ndcg@20"]
        assert all(after[name] >= before[name] for name in before)


def test_nothing_recommended_is_0() -> None:
    assert set(figures([], {1, 2}).values()) == {0.0}
    assert set(figures([3], {1, 2})) == {
        f"{name}@{k}" for name in ("precision", "recall", "ndcg", "mrr", "hit") for k in (5, 10, 20)
    }


def test_nothing_to_be_found_is_nan_and_not_0() -> None:
    assert all(math.isnan(value) for value in figures([3], set()).values())


def test_many_listeners_at_once_are_as_one_by_one() -> None:
    hit = np.random.default_rng(0).random((30, 20)) < 0.2
    relevant = hit.sum(axis=1) + np.arange(30) % 4
    together = measure_hits(hit, relevant)
    for row in range(30):
        alone = measure_hits(hit[row], int(relevant[row]))
        for name, value in alone.items():
            np.testing.assert_allclose(together[name][row], value, rtol=1e-12)
