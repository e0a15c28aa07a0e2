import doctest
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation import groups, pairs
from recsys_dagster.evaluation.ablations import ablate, shuffle_labels, without_each
from recsys_dagster.evaluation.beyond import BEYOND, Catalogue
from recsys_dagster.evaluation.document import summarise
from recsys_dagster.evaluation.groups import group_figures, listener_table
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES
from recsys_dagster.evaluation.pairs import Pairs
from recsys_dagster.evaluation.protocol import HeldOut
from recsys_dagster.evaluation.trial import NAMES, Trial, choose_part, run_trial
from recsys_dagster.recommend.engine import METHODS, Engine, Ranked
from recsys_dagster.recommend.ranker import Ranker
from recsys_dagster.recommend.sources import Query
from recsys_dagster_tests import worlds

NOTHING = np.empty(0, np.int64)


@pytest.fixture(scope="module")
def trial(world: worlds.World, engine: Engine, held_out: HeldOut) -> Trial:
    artists = np.arange(world.shape.songs) // 4
    return run_trial(engine, held_out, Catalogue(artists, world.parts.knn))


@pytest.fixture(scope="module")
def document(trial: Trial) -> dict[str, Any]:
    return summarise(trial, "svd")


@pytest.mark.parametrize("module", [groups, pairs])
def test_the_examples_run(module: Any) -> None:
    assert doctest.testmod(module).failed == 0
    assert doctest.testmod(module).attempted > 0


def test_every_figure_has_an_interval_around_it_or_a_reason(document: dict[str, Any]) -> None:
    for method, row in document["methods"].items():
        assert set(row) == set(document["intervals"][method]) == {*ACCURACY_NAMES, *BEYOND}
        for name, value in row.items():
            interval = document["intervals"][method][name]
            if interval is None:
                assert document["reasons"]["intervals"][name]
            else:
                assert interval[0] <= value <= interval[1]
    assert document["methods"]["hybrid"]["artist_diversity@10"] < 1
    assert document["reasons"]["methods"] == {}
    assert json.loads(json.dumps(document, allow_nan=False)) == document


def test_differences_are_of_the_same_listeners(document: dict[str, Any]) -> None:
    methods = document["methods"]
    assert list(document["differences"]) == ["popular", "svd", "seed"]
    for other, row in document["differences"].items():
        mean = methods["hybrid"]["ndcg@10"] - methods[other]["ndcg@10"]
        assert row["ndcg@10"]["mean"] == pytest.approx(mean, abs=2e-6)
        low, high = row["ndcg@10"]["interval"]
        assert low <= row["ndcg@10"]["mean"] <= high


def test_the_same_world_gives_the_same_document(
    trial: Trial, engine: Engine, held_out: HeldOut, document: dict[str, Any]
) -> None:
    again = run_trial(engine, held_out, trial.catalogue)
    assert summarise(again, "svd") == document
    assert listener_table(again).equals(listener_table(trial))


def test_one_listener_has_figures_and_no_intervals(engine: Engine, held_out: HeldOut) -> None:
    one = replace(held_out, test=held_out.test[held_out.users[held_out.test] == 3])
    found = summarise(run_trial(engine, one), "svd")
    assert found["protocol"]["listeners"] == 1
    assert found["methods"]["hybrid"]["ndcg@10"] is not None
    assert set(found["intervals"]["hybrid"].values()) == {None}
    assert found["differences"]["seed"]["ndcg@10"]["interval"] is None
    assert "two listeners" in found["reasons"]["intervals"]["ndcg@10"]


class Repeating(Engine):
    """Recommends the first seed in the one method."""

    def __init__(self, engine: Engine, method: str) -> None:
        self.__dict__.update(engine.__dict__)
        self.method = method

    def rank(self, method: str, query: Query, n: int) -> Ranked:
        ranked = super().rank(method, query, n)
        ids = ranked.ids.copy()
        if method == self.method:
            ids[-1] = query.seeds[0] if len(query.exclude) % 2 else query.exclude[-1]
        return Ranked(ids, ranked.scores, ranked.by_source)


@pytest.mark.parametrize("method", METHODS)
def test_what_was_revealed_must_not_be_recommended(
    engine: Engine, held_out: HeldOut, method: str
) -> None:
    with pytest.raises(RecsysError, match="had been revealed"):
        run_trial(Repeating(engine, method), held_out)


def test_the_listener_table_has_the_figures_behind_the_means(
    trial: Trial, document: dict[str, Any]
) -> None:
    table = listener_table(trial)
    assert table.columns == ["method", "listener", "seeds", "answers", "plays", *NAMES]
    assert table.height == len(trial.lists) * len(trial.cases)
    for method, row in document["methods"].items():
        mine = table.filter(method=method)
        assert mine["ndcg@10"].mean() == pytest.approx(row["ndcg@10"], abs=1e-6)
        assert mine["listener"].is_unique().all()
    users, train = trial.held_out.users, trial.held_out.train
    row = table.row(7, named=True)
    mine = train[users[train] == row["listener"]]
    assert row["plays"] == trial.held_out.plays[mine].sum()


def test_groups_part_the_songs_to_be_found(trial: Trial, document: dict[str, Any]) -> None:
    found = group_figures(trial)
    assert {kind: list(one) for kind, one in found.items()} == {
        "popularity": ["low", "middle", "high"],
        "activity": ["low", "middle", "high"],
        "audio": ["with", "without"],
    }
    for kind in found.values():
        assert sum(group["answers"] for group in kind.values()) == len(trial.answers.rows)
    listeners = [group["listeners"] for group in found["activity"].values()]
    assert sum(listeners) == len(trial.cases)
    whole = sum(
        count * group["methods"]["svd"]["ndcg@10"]
        for count, group in zip(listeners, found["activity"].values(), strict=True)
    )
    expected = document["methods"]["svd"]["ndcg@10"]
    assert whole / len(trial.cases) == pytest.approx(expected, abs=1e-5)
    silent = found["audio"]["without"]["methods"]
    assert silent["knn"]["hit@20"] == 0 < silent["svd"]["hit@20"]
    popular = [found["popularity"][name]["methods"]["popular"]["recall@20"]
               for name in ("low", "high")]  # fmt: skip
    assert popular[0] < popular[1]


def test_groups_without_anything_say_so(engine: Engine, held_out: HeldOut) -> None:
    found = group_figures(run_trial(engine, replace(held_out, test=NOTHING)))
    for kind in found.values():
        for group in kind.values():
            assert group["answers"] == 0
            assert group["methods"]["svd"]["ndcg@10"] is None
            assert group["reason"]


def test_each_source_is_left_out(world: worlds.World, held_out: HeldOut) -> None:
    ranker = Ranker({"svd": 1.0, "knn": 0.5, "popular": 0.0})
    engine = worlds.engine_of(world, held_out, ranker)
    trial = run_trial(engine, held_out)
    found = ablate(trial, lambda one: worlds.engine_of(world, held_out, one), ranker)
    assert list(found) == ["-svd", "-knn", "shuffled"]
    alone = summarise(trial, "svd")["methods"]
    for source, left in (("svd", "knn"), ("knn", "svd")):
        # One source alone keeps its own order.
        figures = found[f"-{source}"]["figures"]
        assert figures["ndcg@10"] == alone[left]["ndcg@10"]
        difference = found[f"-{source}"]["difference"]["ndcg@10"]["mean"]
        expected = alone["hybrid"]["ndcg@10"] - alone[left]["ndcg@10"]
        assert difference == pytest.approx(expected, abs=2e-6)
    assert list(without_each(Ranker({"svd": 1.0, "knn": 0.0}))) == []


def test_shuffled_labels_are_found_by_chance_alone(trial: Trial) -> None:
    labels = shuffle_labels(trial)
    assert (labels.counts() == trial.answers.counts()).all()
    assert trial.available[labels.songs].all()
    keys = labels.rows * 1_000 + labels.songs
    assert len(np.unique(keys)) == len(keys)
    assert not np.isin(keys, trial.revealed.rows * 1_000 + trial.revealed.songs).any()
    left = trial.available.sum() - trial.revealed.counts()
    chance = float(np.mean(trial.answers.counts() / left))
    column = NAMES.index("precision@20")
    draws = [shuffle_labels(trial, seed) for seed in range(8)]
    for method, lists in trial.lists.items():
        figures = [trial.measure(lists, one)[:, column].mean() for one in draws]
        assert np.mean(figures) == pytest.approx(chance, abs=0.015), method
    assert trial.figures["svd"][:, column].mean() > chance + 0.03


def test_the_best_part_is_chosen_on_validation_alone(engine: Engine, held_out: HeldOut) -> None:
    parts = {"svd", "knn"}
    first = choose_part(engine, held_out)
    assert first in parts
    assert choose_part(engine, replace(held_out, test=NOTHING)) == first
    one = np.unique(held_out.users)[0]
    swapped = replace(held_out, valid=held_out.valid[held_out.users[held_out.valid] == one])
    assert choose_part(engine, swapped) in parts
    assert choose_part(engine, replace(held_out, valid=NOTHING)) == "svd"


def test_pairs_without_any_listener() -> None:
    assert Pairs.of([]).stand_in(np.empty((0, 20), np.int64)).shape == (0, 20)
