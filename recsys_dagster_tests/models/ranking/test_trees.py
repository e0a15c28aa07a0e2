import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.arrays import Float64Array
from recsys_dagster.models.ranking import trees
from recsys_dagster.models.ranking.trees import ARRAYS, SETTINGS, Trees
from recsys_dagster.models.ranking.walking import CompiledTrees
from recsys_dagster_tests.models.ranking.conftest import Table


@pytest.fixture(scope="module", autouse=True)
def _few() -> Any:
    """Few trees say as much of how they are walked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(SETTINGS, "max_iter", 12)
        yield


@pytest.fixture(scope="module")
def model(table: Table, _few: None) -> Trees:
    return Trees.fit(*table)


def grown(table: Table) -> Any:
    return HistGradientBoostingClassifier(**SETTINGS).fit(table.features, table.wanted)


def by_hand(model: Trees, row: Float64Array) -> float:
    total = model.baseline
    for tree in range(len(model.feature)):
        node = 0
        while model.left[tree, node] != node:
            left = row[model.feature[tree, node]] <= model.threshold[tree, node]
            node = int((model.left if left else model.right)[tree, node])
        total += model.value[tree, node]
    return total


@pytest.mark.slow
def test_the_log_odds_are_those_of_scikit_learn(model: Trees, table: Table) -> None:
    rows = np.concatenate([table.features, table.features * 3, np.zeros((1, 5))])
    expected = grown(table).decision_function(rows)
    np.testing.assert_allclose(model.decision(rows), expected, rtol=1e-9, atol=1e-12)


def test_a_walk_node_by_node_comes_to_the_same_leaves(model: Trees, table: Table) -> None:
    expected = [by_hand(model, row) for row in table.features[:50]]
    np.testing.assert_allclose(model.decision(table.features[:50]), expected)


def test_a_value_on_the_threshold_goes_left(model: Trees) -> None:
    feature, threshold = int(model.feature[0, 0]), model.threshold[0, 0]
    rows = np.zeros((2, 5))
    rows[:, feature] = threshold, np.nextafter(threshold, np.inf)
    np.testing.assert_allclose(model.decision(rows), [by_hand(model, row) for row in rows])


def test_those_that_stand_for_many_shift_the_log_odds_alike(model: Trees, table: Table) -> None:
    shifted = Trees.fit(*table, thinned=4.0).decision(table.features)
    np.testing.assert_allclose(shifted, model.decision(table.features) - np.log(4.0))


def test_no_candidates_have_no_log_odds(model: Trees) -> None:
    assert model.decision(np.empty((0, 5))).shape == (0,)


def test_features_of_another_number_are_refused(model: Trees) -> None:
    with pytest.raises(RecsysError, match=r"\(n, 5\); got \(3, 4\)"):
        model.decision(np.zeros((3, 4)))


def test_a_constant_feature_is_never_asked_for(model: Trees) -> None:
    assert model.importance()[3] == 0
    assert model.importance().sum() == pytest.approx(1)


@pytest.mark.slow
def test_trees_of_one_leaf_say_the_same_of_everybody() -> None:
    few = Table(np.arange(20.0)[:, None], np.arange(20) % 2 == 0)
    lone = Trees.fit(*few)
    assert lone.depth == 0
    np.testing.assert_allclose(lone.decision(few.features), grown(few).decision_function(
        few.features))  # fmt: skip
    assert len(set(lone.decision(few.features))) == 1
    assert lone.importance().tolist() == [0]


def test_the_same_table_gives_the_same_bytes(model: Trees, table: Table) -> None:
    again = Trees.fit(*table)
    for name in ARRAYS:
        assert getattr(again, name).tobytes() == getattr(model, name).tobytes()


def test_saved_and_loaded(model: Trees, table: Table, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = Trees.load(tmp_path, 5)
    np.testing.assert_array_equal(again.decision(table.features), model.decision(table.features))


@pytest.mark.parametrize("name", [*(f"{one}.npy" for one in ARRAYS), "model.json"])
@pytest.mark.parametrize("content", [None, b"", b"[1]", b"\xff"])
def test_damaged_files_are_refused(
    model: Trees, tmp_path: Path, name: str, content: bytes | None
) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecsysError):
        Trees.load(tmp_path, 5)


@pytest.mark.parametrize("change", [
    {"depth": "5"}, {"depth": -1}, {"depth": 10**9}, {"baseline": None}, {"n_features": 6},
    {"more": 1},
])  # fmt: skip
def test_other_settings_are_refused(
    model: Trees, tmp_path: Path, change: dict[str, object]
) -> None:
    model.save(tmp_path)
    path = tmp_path / "model.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(RecsysError):
        Trees.load(tmp_path, 5)


@pytest.mark.parametrize("name", ["baseline", "depth", "n_features"])
def test_settings_that_lack_one_are_refused(model: Trees, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    path = tmp_path / "model.json"
    settings = json.loads(path.read_text())
    del settings[name]
    path.write_text(json.dumps(settings))
    with pytest.raises(RecsysError):
        Trees.load(tmp_path, 5)


@pytest.mark.parametrize("name", ["left", "right", "feature"])
@pytest.mark.parametrize("value", [-1, 10_000])
def test_nodes_that_lead_out_of_their_tree_are_refused(
    model: Trees, tmp_path: Path, name: str, value: int
) -> None:
    model.save(tmp_path)
    array = getattr(model, name).copy()
    array[0, 0] = value
    np.save(tmp_path / f"{name}.npy", array)
    with pytest.raises(RecsysError, match=f"{name}.npy .* is broken"):
        Trees.load(tmp_path, 5)


def test_arrays_of_other_shapes_are_refused(model: Trees, tmp_path: Path) -> None:
    model.save(tmp_path)
    np.save(tmp_path / "value.npy", model.value[:, :-1])
    with pytest.raises(RecsysError, match="does not fit"):
        Trees.load(tmp_path, 5)


def test_the_number_of_trees_is_that_of_the_settings(model: Trees) -> None:
    assert len(model.feature) == SETTINGS["max_iter"] < trees.TREES


def test_a_compiled_walk_comes_to_the_same_leaves(model: Trees, table: Table) -> None:
    compiled = CompiledTrees.of(model)
    assert isinstance(compiled, CompiledTrees)
    assert CompiledTrees.of(compiled) is compiled
    expected = model.decision(table.features)
    np.testing.assert_allclose(compiled.decision(table.features), expected, rtol=1e-12)
