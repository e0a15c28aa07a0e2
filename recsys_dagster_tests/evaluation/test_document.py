import doctest
import json
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation import (
    ablations,
    cases,
    groups,
    learning,
    pairs,
    protocol,
    split,
    tasks,
    trial,
    variants,
)
from recsys_dagster.evaluation import document as document_module
from recsys_dagster.evaluation.ablations import ablate, shuffle_labels
from recsys_dagster.evaluation.beyond import BEYOND
from recsys_dagster.evaluation.document import best_part, summarise
from recsys_dagster.evaluation.groups import group_figures, listener_table
from recsys_dagster.evaluation.metrics import ACCURACY_NAMES
from recsys_dagster.evaluation.pairs import Pairs
from recsys_dagster.evaluation.ranking import EngineOf
from recsys_dagster.evaluation.split import Split
from recsys_dagster.evaluation.trial import NAMES, Trial, run_trial
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import METHODS, PARTS
from recsys_dagster.recommend.ranker import Fusion
from recsys_dagster.recommend.sources import Ids, Query
from recsys_dagster_tests import worlds
from recsys_dagster_tests.evaluation.test_protocol import again

WITH_EXAMPLES = (groups, pairs, protocol, tasks)
WITHOUT = (ablations, cases, document_module, learning, split, trial, variants)


@pytest.mark.parametrize("module", [*WITH_EXAMPLES, *WITHOUT], ids=lambda one: one.__name__)
def test_the_examples_run(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.failed == 0
    assert (found.attempted > 0) == (module in WITH_EXAMPLES)


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
    assert list(document["differences"]) == [document["best_part"], "seed", "popular"]
    for other, row in document["differences"].items():
        mean = methods["hybrid"]["ndcg@10"] - methods[other]["ndcg@10"]
        assert row["ndcg@10"]["mean"] == pytest.approx(mean, abs=2e-6)
        low, high = row["ndcg@10"]["interval"]
        assert low <= row["ndcg@10"]["mean"] <= high


def test_the_best_part_is_the_best_of_the_figures(document: dict[str, Any]) -> None:
    ndcg = {name: row["ndcg@10"] for name, row in document["methods"].items()}
    assert ndcg[document["best_part"]] == max(ndcg[name] for name in PARTS)
    assert best_part({name: {"ndcg@10": None} for name in METHODS}) == PARTS[0]
    assert best_part({PARTS[0]: {"ndcg@10": None}, PARTS[1]: {"ndcg@10": 0.5}}) == PARTS[1]
    assert best_part({"hybrid": {"ndcg@10": 0.9}, "knn": {"ndcg@10": 0.1}}) == "knn"


@pytest.mark.slow
def test_the_same_world_gives_the_same_document(
    world: worlds.World,
    split: Split,
    trial: Trial,
    protocol: dict[str, Any],
    document: dict[str, Any],
) -> None:
    other = again(trial, worlds.engine_of(world, split))
    assert summarise(other, protocol) == document
    assert listener_table(other).equals(listener_table(trial))


def test_one_listener_has_figures_and_no_intervals(trial: Trial, engine_of: EngineOf) -> None:
    one = run_trial(engine_of, trial.cases[3:4], trial.audience, trial.available)
    found = summarise(one, {"listeners": 1})
    assert found["methods"]["hybrid"]["ndcg@10"] is not None
    assert set(found["intervals"]["hybrid"].values()) == {None}
    assert found["differences"]["seed"]["ndcg@10"]["interval"] is None
    assert "two listeners" in found["reasons"]["intervals"]["ndcg@10"]


class Repeating(Engine):
    """Recommends the first seed in the one method."""

    def __init__(self, engine: Engine, method: str) -> None:
        self.__dict__.update(engine.__dict__)
        self.method = method

    def order(self, method: str, query: Query, n: int) -> Ids:
        ids = super().order(method, query, n).copy()
        if method == self.method:
            ids[-1] = query.seeds[0] if len(query.exclude) == 0 else query.exclude[-1]
        return ids


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("excluded", [True, False])
def test_what_was_revealed_must_not_be_recommended(
    trial: Trial, engine_of: EngineOf, method: str, excluded: bool
) -> None:
    first = trial.cases[0]
    exclude = np.setdiff1d(np.flatnonzero(trial.available), first.relevant)[:3]
    query = Query(first.query.seeds, exclude=exclude if excluded else exclude[:0])
    cases = [replace(first, query=query)]
    with pytest.raises(RecsysError, match="had been revealed"):
        run_trial(
            lambda case: Repeating(engine_of(case), method), cases, trial.audience, trial.available
        )


def test_the_listener_table_has_the_figures_behind_the_means(
    trial: Trial, document: dict[str, Any], split: Split
) -> None:
    table = listener_table(trial)
    assert table.columns == ["method", "listener", "seeds", "answers", "plays", *NAMES]
    assert table.height == len(trial.lists) * len(trial.cases)
    for method, row in document["methods"].items():
        mine = table.filter(method=method)
        assert mine["ndcg@10"].mean() == pytest.approx(row["ndcg@10"], abs=1e-6)
        assert mine["listener"].is_unique().all()
    row = table.row(7, named=True)
    assert row["plays"] == split.early[split.users == row["listener"]].sum()


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


def test_nothing_asked_is_no_trouble(trial: Trial, engine_of: EngineOf) -> None:
    none = run_trial(engine_of, [], trial.audience, trial.available, trial.catalogue)
    for kind in group_figures(none).values():
        for group in kind.values():
            assert group["answers"] == group["listeners"] == 0
            assert group["methods"]["svd"]["ndcg@10"] is None
            assert group["reason"]
    for row in ablate(none, engine_of, PARTS).values():
        assert row["figures"]["ndcg@10"] is row["intervals"]["ndcg@10"] is None
        assert row["difference"]["ndcg@10"] == {"mean": None, "interval": None}
    assert listener_table(none).is_empty()
    assert listener_table(none).schema == listener_table(trial).schema


@pytest.mark.slow
def test_each_source_is_left_out(world: worlds.World, split: Split, trial: Trial) -> None:
    """One source alone keeps its own order, and so the figures of the method that it is."""
    engines = worlds.engine_of(world, split, Fusion({"svd": 1.0, "knn": 0.5}))
    whole = again(trial, engines)
    found = ablate(whole, engines, ("svd", "knn", "popular"))
    assert list(found) == ["-svd", "-knn", "-popular", "shuffled"]
    alone = summarise(whole, {})["methods"]
    for source, left in (("svd", "knn"), ("knn", "svd"), ("popular", "hybrid")):
        figures = found[f"-{source}"]["figures"]
        assert figures["ndcg@10"] == alone[left]["ndcg@10"]
        difference = found[f"-{source}"]["difference"]["ndcg@10"]["mean"]
        expected = alone["hybrid"]["ndcg@10"] - alone[left]["ndcg@10"]
        assert difference == pytest.approx(expected, abs=2e-6)
    assert found["-svd"]["figures"] != found["-knn"]["figures"]


@pytest.mark.slow
def test_the_only_source_cannot_be_left_out(
    world: worlds.World, split: Split, trial: Trial
) -> None:
    engines = worlds.engine_of(world, split, Fusion({"svd": 1.0, "knn": 0.0}))
    found = ablate(again(trial, engines), engines, ("svd", "knn"))
    for source in ("svd", "knn"):
        difference = found[f"-{source}"]["difference"]["ndcg@10"]
        assert difference == {"mean": 0, "interval": [0, 0]}


def test_shuffled_labels_are_found_by_chance_alone(trial: Trial) -> None:
    labels = shuffle_labels(trial)
    assert (labels.counts() == trial.answers.counts()).all()
    assert trial.available[labels.songs].all()
    keys = labels.rows * 1_000 + labels.songs
    assert len(np.unique(keys)) == len(keys)
    assert not np.isin(keys, trial.revealed.rows * 1_000 + trial.revealed.songs).any()
    left = trial.available.sum() - trial.revealed.counts()
    share = trial.answers.counts() / left
    column = NAMES.index("precision@20")
    draws = [shuffle_labels(trial, seed) for seed in range(8)]
    for method, lists in trial.lists.items():
        figures = [trial.measure(lists, one)[:, column].mean() for one in draws]
        chance = float(np.mean(share * (lists >= 0).mean(axis=1)))  # short lists miss more
        assert np.mean(figures) == pytest.approx(chance, abs=0.015), method
    assert trial.figures["svd"][:, column].mean() > share.mean() + 0.03


def test_pairs_without_any_listener() -> None:
    assert Pairs.of([]).stand_in(np.empty((0, 20), np.int64)).shape == (0, 20)
