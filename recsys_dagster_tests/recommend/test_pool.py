import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.sources import Candidates

found = st.dictionaries(
    st.sampled_from(["svd", "knn", "popular"]), st.lists(st.integers(0, 30), unique=True)
)


@given(lists=found)
def test_the_union_knows_every_rank_and_score(lists: dict[str, list[int]]) -> None:
    scores = {name: np.linspace(2, -1, len(ids), dtype=np.float32) for name, ids in lists.items()}
    pool = Pool.of({
        name: Candidates(np.array(ids, np.int64), scores[name]) for name, ids in lists.items()
    })  # fmt: skip
    assert pool.ids.tolist() == sorted({song for ids in lists.values() for song in ids})
    assert set(pool.ranks) == set(pool.scores) == set(lists)
    for name, ids in lists.items():
        for place, song in enumerate(pool.ids.tolist()):
            rank = ids.index(song) + 1 if song in ids else 0
            assert pool.ranks[name][place] == rank
            score = pool.scores[name][place]
            assert score == scores[name][rank - 1] if rank else np.isnan(score)


def test_nothing_found_is_an_empty_pool() -> None:
    assert Pool.of({}).ids.tolist() == []
    assert str(Pool.of({}).ids.dtype) == "int64"
