import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.models.svd.schedule import Crew, Schedule, even_blocks, rounds
from recsys_dagster_tests.models.svd.test_pairs import drawn, triples


def test_every_thread_works_and_results_are_in_order() -> None:
    barrier = threading.Barrier(3)

    def work(number: int) -> int:
        barrier.wait(timeout=10)
        return number * 10

    with Crew.of(3) as crew:
        assert crew.each(work) == [0, 10, 20]


def test_an_error_in_a_thread_comes_out() -> None:
    with Crew.of(2) as crew, pytest.raises(ZeroDivisionError):
        crew.each(lambda number: 1 // number)


@given(
    threads=st.integers(1, 4), size=st.integers(1, 6), n=st.integers(1, 200),
    seed=st.integers(0, 5),
)  # fmt: skip
def test_each_pair_is_met_once_and_no_row_by_two_at_once(
    threads: int, size: int, n: int, seed: int
) -> None:
    pairs = drawn(n, seed=seed)
    before = sorted(triples(pairs))
    with Crew.of(threads) as crew:
        schedule = Schedule(pairs, 9, 12, crew)
        block_of, blocks = even_blocks(12, size, threads)
        rng = np.random.default_rng(seed)
        cells = schedule.cut(block_of, blocks, rng)
        met = []
        for turns in rounds(cells, rng):
            users, items = [], []
            for turn, cell in zip(turns, cells, strict=True):
                own = [cell.pairs.at(slice(cell.starts[b], cell.starts[b + 1])) for b in turn]
                for block, part in zip(turn, own, strict=True):
                    assert (block_of[part.items] == block).all()
                met += [triple for part in own for triple in triples(part)]
                users.append({int(user) for part in own for user in part.users})
                items.append({int(item) for part in own for item in part.items})
            for one in range(threads):
                for other in range(one):
                    assert not users[one] & users[other]
                    assert not items[one] & items[other]
    assert sorted(met) == before


@given(n_items=st.integers(1, 500), size=st.integers(1, 50), threads=st.integers(1, 4))
def test_blocks_are_small_even_and_enough(n_items: int, size: int, threads: int) -> None:
    block_of, blocks = even_blocks(n_items, size, threads)
    counts = np.bincount(block_of, minlength=blocks)
    assert len(block_of) == n_items
    assert len(counts) == blocks >= min(threads, n_items)
    assert 1 <= counts.min() <= counts.max() <= size
    assert counts.max() - counts.min() <= 1


def test_pairs_of_a_cell_come_in_another_order_each_time() -> None:
    pairs = drawn(200, seed=1)
    with Crew.of(1) as crew:
        schedule = Schedule(pairs, 9, 12, crew)
        block_of, blocks = even_blocks(12, 12, 1)
        rng = np.random.default_rng(0)
        first, second = (triples(schedule.cut(block_of, blocks, rng)[0].pairs) for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second)
