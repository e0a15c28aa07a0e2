import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.ranking.logistic import ARRAYS, PENALTY, Logistic
from recsys_dagster_tests.models.ranking.conftest import Table


@pytest.fixture(scope="module")
def model(table: Table) -> Logistic:
    return Logistic.fit(*table)


def test_the_log_odds_are_those_of_scikit_learn(model: Logistic, table: Table) -> None:
    scaler = StandardScaler().fit(table.features)
    fitted = LogisticRegression(C=1 / PENALTY, tol=1e-8, max_iter=1000).fit(
        scaler.transform(table.features), table.wanted
    )
    expected = fitted.decision_function(scaler.transform(table.features))
    np.testing.assert_allclose(model.decision(table.features), expected, atol=1e-4)


def test_a_constant_feature_has_no_say(model: Logistic, table: Table) -> None:
    changed = table.features.copy()
    changed[:, 3] = 77
    assert model.importance()[3] == 0
    np.testing.assert_array_equal(model.decision(changed), model.decision(table.features))


def test_what_tells_most_is_the_most_important(model: Logistic) -> None:
    assert model.importance().argmax() == 0


def test_those_that_stand_for_many_shift_the_log_odds_alike(model: Logistic, table: Table) -> None:
    shifted = Logistic.fit(*table, thinned=4.0).decision(table.features)
    np.testing.assert_allclose(shifted, model.decision(table.features) - np.log(4.0))


def test_thinning_the_others_leaves_the_probabilities() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(40_000, 2))
    wanted = rng.random(40_000) < 1 / (1 + np.exp(3 - features[:, 0]))
    kept = wanted | (rng.random(40_000) < 0.25)
    whole = Logistic.fit(features, wanted)
    thinned = Logistic.fit(features[kept], wanted[kept], thinned=4.0)
    np.testing.assert_allclose(thinned.decision(features), whole.decision(features), atol=0.25)


def test_the_same_table_gives_the_same_bytes(model: Logistic, table: Table) -> None:
    again = Logistic.fit(*table)
    for name in ARRAYS:
        assert getattr(again, name).tobytes() == getattr(model, name).tobytes()
    assert again.intercept == model.intercept


def test_saved_and_loaded(model: Logistic, table: Table, tmp_path: Path) -> None:
    model.save(tmp_path)
    again = Logistic.load(tmp_path, 5)
    np.testing.assert_array_equal(again.decision(table.features), model.decision(table.features))


@pytest.mark.parametrize("name", [*(f"{one}.npy" for one in ARRAYS), "model.json"])
@pytest.mark.parametrize("content", [None, b"", b"[1]", b"\xff"])
def test_damaged_files_are_refused(
    model: Logistic, tmp_path: Path, name: str, content: bytes | None
) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(RecsysError):
        Logistic.load(tmp_path, 5)


@pytest.mark.parametrize("settings", [{}, {"intercept": "1"}, {"intercept": 1.0, "more": 2}])
def test_other_settings_are_refused(model: Logistic, tmp_path: Path, settings: object) -> None:
    model.save(tmp_path)
    (tmp_path / "model.json").write_text(json.dumps(settings))
    with pytest.raises(RecsysError, match="does not fit"):
        Logistic.load(tmp_path, 5)


def test_another_number_of_features_is_refused(model: Logistic, tmp_path: Path) -> None:
    model.save(tmp_path)
    with pytest.raises(RecsysError, match=r"\(5,\); expected \(6,\)"):
        Logistic.load(tmp_path, 6)
