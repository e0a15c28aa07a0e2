from dataclasses import replace

import numpy as np
import pytest

from recsys_dagster.evaluation import variants
from recsys_dagster.evaluation.cases import SEEDS, cold_cases, known_cases, stranger_cases
from recsys_dagster.evaluation.split import Split, hide, make_split
from recsys_dagster.evaluation.variants import COLD, asked_songs, fold_names, learned_pairs
from recsys_dagster_tests import worlds


@pytest.fixture(scope="module")
def keys(world: worlds.World) -> list[str]:
    return world.parts.songs["song_key"].to_list()


def test_each_fold_has_its_own_pairs(split: Split, keys: list[str]) -> None:
    found = learned_pairs(split, hide(keys))
    assert list(found) == [*fold_names(split), COLD]
    assert fold_names(split) == [f"fold-{fold}" for fold in range(5)]
    for fold, name in enumerate(fold_names(split)):
        assert (found[name] == split.learned(fold)).all()
        assert found[name].any()


def test_the_cold_models_see_neither_hidden_songs_nor_the_first_fold(
    split: Split, keys: list[str]
) -> None:
    cold = learned_pairs(split, hide(keys))[COLD]
    hidden = hide(keys)
    assert hidden[split.songs].any()
    assert not hidden[split.songs[cold]].any()
    assert (cold == (split.learned(0) & ~hidden[split.songs])).all()


def test_of_many_listeners_the_cold_models_see_some(
    split: Split, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(variants, "COLD_LISTENERS", 7)
    drawn = [learned_pairs(split, hide(keys))[COLD] for _ in range(2)]
    assert (drawn[0] == drawn[1]).all()
    listeners = np.unique(split.users[drawn[0]])
    assert len(listeners) == 7
    assert not np.isin(listeners, split.held_out(0)).any()


def test_late_plays_change_none_of_them(split: Split, keys: list[str]) -> None:
    later = replace(split, late=split.late + 1)
    for name, pairs in learned_pairs(split, hide(keys)).items():
        assert (learned_pairs(later, hide(keys))[name] == pairs).all()


def test_a_single_listener_has_one_set_of_models_that_knows_the_early_plays() -> None:
    songs, early = np.arange(4), np.array([1, 0, 2, 0])
    alone = make_split(np.zeros(4, np.int64), songs, np.full(4, 2), early, ["me"])
    found = learned_pairs(alone, hide(["a", "b", "c", "d"]))
    assert {name: pairs.tolist() for name, pairs in found.items()} == {
        "fold-0": [True, False, True, False]
    }


def test_the_songs_asked_are_the_seeds_of_all_cases(split: Split, keys: list[str]) -> None:
    asked = asked_songs(split, hide(keys))
    seeds = {name: set[int]() for name in (*fold_names(split), COLD)}
    strangers = (case for n in SEEDS for case in stranger_cases(split, n))
    for case in (*strangers, *known_cases(split)):
        seeds[f"fold-{case.fold}"].update(case.query.seeds.tolist())
    for case in cold_cases(split, hide(keys)):
        seeds[COLD].update(case.query.seeds.tolist())
    assert {name: set(np.flatnonzero(songs)) for name, songs in asked.items()} == seeds
    assert all(seeds.values())


def test_a_single_listener_is_asked_the_whole_history() -> None:
    songs, early = np.arange(4), np.array([1, 0, 2, 0])
    alone = make_split(np.zeros(4, np.int64), songs, np.full(4, 2), early, ["me"])
    asked = asked_songs(alone, hide(["a", "b", "c", "d"]))
    assert asked["fold-0"].tolist() == [True, False, True, False]
