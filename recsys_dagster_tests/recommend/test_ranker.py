from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker import Floats, Fusion, load_ranker
from recsys_dagster.recommend.sources import Candidates, top

LISTS = st.lists(st.integers(0, 30), unique=True, max_size=20)
WEIGHTS = st.floats(0.01, 100)


def candidates(ids: list[int]) -> Candidates:
    return Candidates(np.array(ids, np.int64), np.linspace(1, 0, len(ids), dtype=np.float32))


def no_features(pool: Pool) -> Floats:
    raise AssertionError(f"the fusion looked at the features of {pool.ids}")


def scores(ranker: Fusion, **lists: list[int]) -> dict[int, float]:
    """Of the songs that any source with a weight brought."""
    pool = Pool.of({name: candidates(ids) for name, ids in lists.items() if name in ranker.sources})
    found = ranker.scores(pool, no_features)
    shares = ranker.shares(pool, no_features, np.arange(len(pool.ids)))
    added = sum((one * found for one in shares.values()), np.zeros(len(found)))
    np.testing.assert_allclose(added, found)
    return dict(zip(pool.ids.tolist(), found.tolist(), strict=True))


@given(one=LISTS, other=LISTS, weight=WEIGHTS, constant=st.floats(0, 1000))
def test_scores_are_above_0_and_at_most_1(
    one: list[int], other: list[int], weight: float, constant: float
) -> None:
    found = scores(Fusion({"svd": 1.0, "knn": weight}, constant), svd=one, knn=other)
    assert set(found) == {*one, *other}
    assert all(0 < score <= 1 + 1e-6 for score in found.values())


@given(one=LISTS.filter(bool), other=LISTS, weight=WEIGHTS)
def test_what_all_put_first_has_score_1(one: list[int], other: list[int], weight: float) -> None:
    ranker = Fusion({"svd": 1.0, "knn": weight})
    assert scores(ranker, svd=one, knn=[])[one[0]] == pytest.approx(1)
    agreeing = [one[0], *(song for song in other if song != one[0])]
    assert scores(ranker, svd=one, knn=agreeing)[one[0]] == pytest.approx(1)


@given(one=LISTS, other=LISTS)
def test_equal_weights_are_symmetric(one: list[int], other: list[int]) -> None:
    there, back = scores(Fusion(), svd=one, knn=other), scores(Fusion(), svd=other, knn=one)
    assert there == pytest.approx(back)


@given(one=LISTS.filter(bool), other=LISTS, third=LISTS, weight=WEIGHTS)
def test_a_source_that_agrees_never_lowers_the_first(
    one: list[int], other: list[int], third: list[int], weight: float
) -> None:
    ranker = Fusion({"svd": 1.0, "knn": 1.0, "more": weight})
    before = scores(ranker, svd=one, knn=other)
    first = max(before, key=lambda song: (before[song], -song))
    agreeing = [first, *(song for song in third if song != first)]
    after = scores(ranker, svd=one, knn=other, more=agreeing)
    assert after[first] >= before[first] - 1e-6
    assert after[first] >= max(after.values()) - 1e-6


@given(one=LISTS, other=LISTS, weight=WEIGHTS, factor=st.floats(0.1, 10))
def test_only_the_proportion_of_weights_matters(
    one: list[int], other: list[int], weight: float, factor: float
) -> None:
    plain = scores(Fusion({"svd": 1.0, "knn": weight}), svd=one, knn=other)
    scaled = scores(Fusion({"svd": factor, "knn": weight * factor}), svd=one, knn=other)
    assert plain == pytest.approx(scaled, rel=1e-4)


def test_a_source_without_weight_is_not_heard() -> None:
    assert scores(Fusion({"svd": 1.0, "knn": 0.0}), svd=[1], knn=[2]) == {1: pytest.approx(1)}
    assert scores(Fusion({"svd": 1.0}), svd=[1], other=[2]) == {1: pytest.approx(1)}
    assert scores(Fusion(), svd=[], knn=[]) == {}


def test_what_is_left_out_has_no_weight_and_the_others_keep_theirs() -> None:
    whole = Fusion({"svd": 1.0, "knn": 0.5}, 40, 30)
    assert whole.without("knn") == Fusion({"svd": 1.0, "knn": 0.0}, 40, 30)


def test_saved_and_loaded(tmp_path: Path) -> None:
    ranker = Fusion({"svd": 1.0, "knn": 0.25}, 30.0, 70)
    ranker.save(tmp_path)
    assert load_ranker(tmp_path) == ranker


@pytest.mark.parametrize("content", [None, b"", b"[1]", b'{"weight": 1}', b"\xff", b"{"])
def test_a_damaged_file_is_said_in_words(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "ranker.json").write_bytes(content)
    with pytest.raises(RecsysError, match=r"cannot be read.*recsys run"):
        load_ranker(tmp_path)


VALUES = st.lists(st.sampled_from([-np.inf, -1.0, 0.0, 0.5, 2.0]) | st.floats(-9, 9, width=32))


@given(values=VALUES, n=st.integers(0, 60))
def test_the_top_is_the_head_of_a_whole_sort(values: list[float], n: int) -> None:
    array = np.array(values, np.float32)
    order = sorted(range(len(array)), key=lambda one: (-array[one], one))
    expected = [one for one in order if np.isfinite(array[one])][:n]
    found = top(array, n)
    assert found.ids.tolist() == expected
    assert found.scores.tolist() == array[expected].tolist()
    assert (str(found.ids.dtype), str(found.scores.dtype)) == ("int64", "float32")
