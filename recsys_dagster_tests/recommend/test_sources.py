from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.models import shortlist as shortlists
from recsys_dagster.models.arrays import Float32Array
from recsys_dagster.recommend import METHODS, Recommender, packing
from recsys_dagster.recommend.packing import make_shortlists, pack, unpack
from recsys_dagster.recommend.sources import Knn, Popular, Query, Svd, is_among, top
from recsys_dagster_tests import worlds
from recsys_dagster_tests.tiers import examples

NONE = np.empty(0, np.int64)


def sorted_top(scores: Float32Array, n: int) -> list[int]:
    order = np.lexsort((np.arange(len(scores)), -scores))
    return [int(one) for one in order if np.isfinite(scores[one])][: max(n, 0)]


@settings(max_examples=examples(100))
@given(
    size=st.integers(0, 3000), n=st.integers(-1, 60), levels=st.sampled_from([1, 3, 1000]),
    spoiled=st.sampled_from([0.0, 0.5, 0.99, 1.0]), odd=st.sampled_from([-np.inf, np.inf, np.nan]),
    seed=st.integers(0, 99),
)  # fmt: skip
@example(size=3000, n=5, levels=1000, spoiled=0.001, odd=np.inf, seed=1)
def test_the_top_is_the_beginning_of_all_in_order(
    size: int, n: int, levels: int, spoiled: float, odd: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, levels, size).astype(np.float32)
    scores[rng.random(size) < spoiled] = odd
    found = top(scores, n)
    assert found.ids.tolist() == sorted_top(scores, n)
    assert found.scores.tolist() == scores[found.ids].tolist()


@given(n=st.integers(-1, 60), unwanted=st.sets(st.integers(0, 49)), first=st.integers(1, 60))
def test_the_most_played_songs_are_walked_down(n: int, unwanted: set[int], first: int) -> None:
    plays = np.random.default_rng(0).integers(0, 9, 50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("recsys_dagster.recommend.sources.popular._FIRST", first)
        popular = Popular(plays, np.ones(50, dtype=bool))
        found = popular.candidates(Query(NONE, exclude=np.array(sorted(unwanted), np.int64)), n)
    scores = np.where(plays > 0, plays, -np.inf).astype(np.float32)
    scores[list(unwanted)] = -np.inf
    assert found.ids.tolist() == sorted_top(scores, n)
    assert found.scores.tolist() == scores[found.ids].tolist()


@given(ids=st.lists(st.integers(0, 20)), some=st.sets(st.integers(0, 20)))
def test_ids_are_found_among_sorted_ones(ids: list[int], some: set[int]) -> None:
    looked_at, among = np.array(ids, np.int64), np.array(sorted(some), np.int64)
    assert is_among(looked_at, among).tolist() == np.isin(looked_at, among).tolist()


class Short:
    """Lists a random half of what there is, as a shortlist of a large catalogue does."""

    def __init__(self, rows: int, seed: int) -> None:
        self.listed = np.flatnonzero(np.random.default_rng(seed).random(rows) < 0.5)

    def find(self, *_: object) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return self.listed


def both(world: worlds.World) -> tuple[Svd, Knn]:
    available = world.parts.songs["plays"].to_numpy() > 0
    knn = Knn(world.parts.knn, np.flatnonzero(~available))
    return Svd(world.parts.svd, available), knn


@pytest.mark.slow
@settings(max_examples=examples(30))
@given(
    seeds=st.lists(st.integers(0, 299), min_size=1, max_size=5, unique=True),
    left_out=st.sets(st.integers(0, 299)), n=st.integers(1, 300), whole=st.booleans(),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_scoring_the_shortlist_gives_what_scoring_all_gives(
    crowd: worlds.World, seeds: list[int], left_out: set[int], n: int, whole: bool, seed: int
) -> None:
    """Wherever the list holds the best; those that it lacks are the only ones to be missing."""
    query = Query(np.array(seeds), exclude=np.array(sorted(left_out), np.int64))
    lists = make_shortlists(crowd.parts, least=16)
    for source in both(crowd):
        plain = source.candidates(query, n)
        short = Short(len(crowd.parts.knn) if source.name == "knn" else 300, seed)
        source.shortlist = lists[source.name] if whole else short  # type: ignore[assignment]
        found = source.candidates(query, n)
        assert len(found.ids) == len(plain.ids)
        listed = set(range(300))
        if not whole and found.ids.tolist() != plain.ids.tolist():
            held = crowd.parts.knn.song_ids if source.name == "knn" else np.arange(300)
            listed = set(held[short.listed].tolist())
            assert len(set(found.ids.tolist()) & listed) == n
        kept = [one for one in plain.ids.tolist() if one in listed]
        assert found.ids.tolist()[: len(kept)] == kept
        scores = dict(zip(plain.ids.tolist(), plain.scores.tolist(), strict=True))
        for one, score in zip(found.ids.tolist(), found.scores.tolist(), strict=True):
            assert score == pytest.approx(scores.get(one, score), abs=1e-5)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Has shortlists made of catalogues of so many songs."""

    def make(least: int) -> None:
        monkeypatch.setattr(packing, "LEAST_ROWS", least)

    return make


@pytest.mark.slow
def test_a_large_release_holds_shortlists_and_answers_the_same(
    crowd: worlds.World, crowded: Recommender, small: Callable[[int], None], tmp_path: Path
) -> None:
    small(100)
    pack(tmp_path, crowd.parts, {})
    parts = unpack(tmp_path)
    assert sorted(parts.shortlists) == ["knn", "svd"]
    found = Recommender(parts, worlds.RELEASE)
    for method in METHODS:
        for n in (10, 200):
            one = found.recommend([1, 5, 8], method=method, n=n).recommendations
            two = crowded.recommend([1, 5, 8], method=method, n=n).recommendations
            assert [song.song_id for song in one] == [song.song_id for song in two]
    everything = found.recommend(user=found.users[0], n=500, only_unplayed=False)
    assert everything == replace(
        crowded.recommend(user=found.users[0], n=500, only_unplayed=False), release=worlds.RELEASE
    )


@pytest.mark.parametrize("name", ["svd", "knn"])
def test_a_damaged_shortlist_is_said_in_words(
    world: worlds.World, small: Callable[[int], None], tmp_path: Path, name: str
) -> None:
    small(16)
    pack(tmp_path, world.parts, {})
    path = tmp_path / name / "shortlist.faiss"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(RecsysError, match="cannot read the shortlist"):
        unpack(tmp_path)


def test_a_small_release_holds_none(world: worlds.World, tmp_path: Path) -> None:
    pack(tmp_path, world.parts, {})
    assert not list(tmp_path.rglob("*.faiss"))
    assert len(world.items) < shortlists.LEAST_ROWS
