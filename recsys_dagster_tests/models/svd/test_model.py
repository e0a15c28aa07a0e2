import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.models.svd.folding import RidgeFolding
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster_tests.models import checkerboard


@pytest.fixture(scope="module")
def squared() -> SvdModel:
    return checkerboard.trained().model


@pytest.fixture(scope="module")
def ranking() -> SvdModel:
    return checkerboard.trained(checkerboard.RANKING).model


@pytest.fixture(params=["squared", "ranking"])
def model(request: pytest.FixtureRequest) -> SvdModel:
    """Each of the two; what holds for one alone asks for it by name."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, SvdModel)
    return found


def folding(model: SvdModel) -> RidgeFolding:
    assert isinstance(model.folding, RidgeFolding)
    return model.folding


def test_a_batch_equals_its_single_calls(model: SvdModel) -> None:
    users, items, _ = checkerboard.plays()
    batch = model.predict(users[:50], items[:50])
    singles = [model.predict(users[n : n + 1], items[n : n + 1])[0] for n in range(50)]
    np.testing.assert_allclose(batch, singles, rtol=1e-6)
    assert batch.dtype == np.float32


def test_scores_are_the_predictions_of_all_items(model: SvdModel) -> None:
    scores = model.scores(model.user_factors[3], float(model.user_bias[3]))
    items = np.arange(checkerboard.SIZE)
    np.testing.assert_allclose(scores, model.predict(np.full_like(items, 3), items), rtol=1e-5)
    assert scores.dtype == np.float32


@pytest.mark.parametrize("unobserved", [0.0, -0.7])
@pytest.mark.parametrize("weight", [0.0, 0.5, 10.0])
def test_fold_in_equals_least_squares_over_seeds_and_catalogue(
    squared: SvdModel, weight: float, unobserved: float
) -> None:
    ridge = folding(squared)
    seeds, ratings = np.array([3, 8, 8, 11]), np.array([1.0, 4.0, 4.0, 2.0], dtype=np.float32)
    ones = np.ones((checkerboard.SIZE, 1))
    rows = np.hstack([squared.item_factors.astype(np.float64), ones])
    system = np.vstack(
        [
            rows[seeds] / np.sqrt(len(seeds)),
            rows * np.sqrt(weight / len(rows)),
            np.eye(rows.shape[1]) * np.sqrt((1 + weight) * ridge.regularisation),
        ]
    )
    targets = np.zeros(len(system))
    targets[len(seeds) : len(seeds) + len(rows)] = unobserved * np.sqrt(weight / len(rows))
    targets[: len(seeds)] = ratings - squared.mean - squared.item_bias[seeds]
    targets[: len(seeds)] /= np.sqrt(len(seeds))
    expected = np.linalg.lstsq(system, targets, rcond=None)[0]
    pull = unobserved * rows.mean(axis=0)
    weighed = replace(squared, folding=replace(ridge, unobserved_weight=weight, pull=pull))
    found = weighed.fold_in(seeds, ratings)
    np.testing.assert_allclose([*found.factors, found.bias], expected, atol=1e-4)


def test_the_parts_of_the_seeds_sum_to_the_listener(model: SvdModel) -> None:
    found = model.fold_in(np.array([1, 2, 5]))
    assert found.parts.shape == (3, model.item_factors.shape[1] + 1)
    np.testing.assert_allclose(found.parts.sum(axis=0), [*found.factors, found.bias], atol=1e-5)


def test_seeds_are_liked_unless_rated(squared: SvdModel) -> None:
    seeds = np.array([1, 2])
    rated = squared.fold_in(seeds, np.full(2, folding(squared).liked, dtype=np.float32))
    np.testing.assert_allclose(squared.fold_in(seeds).factors, rated.factors, rtol=1e-5)
    assert folding(squared).liked == pytest.approx(np.log1p(100), rel=1e-6)


def test_no_seeds_are_the_average_listener(model: SvdModel, squared: SvdModel) -> None:
    nobody = model.fold_in(np.zeros(0, dtype=np.int64))
    assert nobody.bias == 0
    assert nobody.factors.any() == (model is not squared)
    assert nobody.parts.shape == (0, model.item_factors.shape[1] + 1)


def test_unknown_items_and_missing_ratings_are_refused(model: SvdModel) -> None:
    with pytest.raises(RecsysError, match=r"items must lie in 0 … 39; got 40 … 40"):
        model.fold_in(np.array([40]))
    with pytest.raises(RecsysError, match="got 2 items but 1 ratings"):
        model.fold_in(np.array([0, 1]), np.ones(1, dtype=np.float32))
    with pytest.raises(RecsysError, match="users must lie in"):
        model.predict(np.array([-1]), np.array([0]))


def test_saving_twice_gives_the_same_bytes(model: SvdModel, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    model.save(tmp_path / "one")
    loaded = SvdModel.load(tmp_path / "one")
    assert isinstance(loaded.item_factors, np.memmap)
    loaded.save(tmp_path / "two")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert len(files) in (7, 9)
    for name in files:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


class TestBrokenFiles:
    @pytest.fixture
    def saved(self, model: SvdModel, tmp_path: Path) -> Path:
        model.save(tmp_path)
        return tmp_path

    def refused(self, saved: Path, message: str) -> None:
        with pytest.raises(RecsysError, match=message):
            SvdModel.load(saved)

    def test_missing_array(self, saved: Path) -> None:
        (saved / "item_bias.npy").unlink()
        self.refused(saved, r"cannot read .*item_bias\.npy.* Train the model again")

    @pytest.mark.parametrize("kept", [0, 20, 140])
    def test_cut_off_array(self, saved: Path, kept: int) -> None:
        path = saved / "item_factors.npy"
        path.write_bytes(path.read_bytes()[:kept])
        self.refused(saved, r"cannot read .*item_factors\.npy")

    def test_pickled_array(self, saved: Path) -> None:
        np.save(saved / "item_bias.npy", np.array([{}]), allow_pickle=True)
        self.refused(saved, r"cannot read .*item_bias\.npy")

    def test_wrong_type(self, saved: Path) -> None:
        np.save(saved / "item_bias.npy", np.zeros(checkerboard.SIZE))
        self.refused(saved, "holds float64 with 1 dimensions; expected float32 with 1")

    def test_wrong_length(self, saved: Path) -> None:
        np.save(saved / "item_bias.npy", np.zeros(3, dtype=np.float32))
        self.refused(saved, r"item_factors is \(40, 4\); expected \(3, 4\)")

    def test_user_factors_of_another_model(self, saved: Path) -> None:
        np.save(saved / "user_factors.npy", np.zeros((40, 9), dtype=np.float32))
        self.refused(saved, r"user_factors is \(40, 9\); expected \(40, 4\)")

    @pytest.mark.parametrize("text", ["", "[1]", "{}", "\xff"])
    def test_wrong_settings(self, saved: Path, text: str) -> None:
        (saved / "model.json").write_bytes(text.encode("latin-1"))
        self.refused(saved, r"model\.json")

    def test_a_setting_that_is_no_number(self, saved: Path) -> None:
        settings = json.loads((saved / "model.json").read_text())
        (saved / "model.json").write_text(json.dumps({**settings, "mean": "much"}))
        self.refused(saved, "the type of mean is .*str")
        last = sorted(settings.keys() - {"mean", "objective"})[0]
        (saved / "model.json").write_text(json.dumps({**settings, last: None}))
        self.refused(saved, "type of each number is .*NoneType")

    def test_an_unknown_objective(self, saved: Path) -> None:
        settings = json.loads((saved / "model.json").read_text())
        (saved / "model.json").write_text(json.dumps({**settings, "objective": "peace"}))
        self.refused(saved, r"objective 'peace' .*; expected squared or ranking")

    @pytest.mark.parametrize("shape", [(3, 9), (0, 0)])
    def test_what_folds_in_belongs_to_another_model(
        self, saved: Path, shape: tuple[int, int]
    ) -> None:
        for name, dtype in (("gram", np.float64), ("sample", np.float32)):
            if (saved / f"{name}.npy").exists():
                np.save(saved / f"{name}.npy", np.zeros(shape, dtype))
        self.refused(saved, "does not fit together")
