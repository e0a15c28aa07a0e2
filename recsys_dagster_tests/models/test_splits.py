import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.splits import random_split


@given(n=st.integers(0, 500), seed=st.integers(0, 2**32))
def test_every_position_is_in_exactly_one_part(n: int, seed: int) -> None:
    parts = random_split(n, rng=seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(n))
    for part, share in zip(parts, (0.75, 0.125, 0.125), strict=True):
        assert part.dtype == np.int64
        assert part.tolist() == sorted(part.tolist())
        assert abs(len(part) - share * n) <= 1


@given(seed=st.integers(0, 2**32))
def test_a_seed_and_its_generator_split_alike(seed: int) -> None:
    by_seed = random_split(100, rng=seed)
    by_generator = random_split(100, rng=np.random.default_rng(seed))
    assert [part.tolist() for part in by_seed] == [part.tolist() for part in by_generator]


def test_seeds_differ() -> None:
    assert random_split(100, rng=1)[0].tolist() != random_split(100, rng=2)[0].tolist()


@pytest.mark.parametrize("shares", [(0.5, 0.5, 0.5), (1.5, -0.25, -0.25), (np.nan, 0.5, 0.5)])
def test_shares_must_make_a_whole(shares: tuple[float, float, float]) -> None:
    with pytest.raises(RecsysError, match="sum to 1"):
        random_split(10, rng=0, shares=shares)


def test_negative_sizes_are_refused() -> None:
    with pytest.raises(RecsysError, match="got -1"):
        random_split(-1, rng=0)
