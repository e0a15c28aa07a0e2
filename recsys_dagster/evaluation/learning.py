"""How the ranker is learned: from what listeners played later than the sources have seen.

Several kinds compete: reciprocal-rank fusion with several weights (single sources among them),
logistic regression and boosted trees, also the mean of both. Which is taken is decided by NDCG@10
on listeners that were not learned from, and only a learned one that wins is used. What is learned
for one group of listeners comes from the other groups, so that the evaluation is of listeners whom
neither the sources nor the ranker, nor the choice of its kind, have seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.evaluation.cases import Case
from recsys_dagster.evaluation.metrics import hits, ndcg
from recsys_dagster.evaluation.ranking import blocks_of, bring_along
from recsys_dagster.models.ranking.logistic import Logistic
from recsys_dagster.models.ranking.trees import Trees
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.found import walked
from recsys_dagster.recommend.methods import PARTS
from recsys_dagster.recommend.pool import Pool
from recsys_dagster.recommend.ranker import Fusion, Learned, Ranker
from recsys_dagster.side_by_side import on_one_thread, side_by_side

FUSIONS: tuple[Mapping[str, float], ...] = (
    {"svd": 1.0, "items": 0.7, "artist": 0.5, "knn": 0.25},
    {"svd": 1.0, "items": 0.7, "artist": 0.5},
    {"svd": 1.0, "items": 0.7},
    {"svd": 1.0, "items": 1.0, "artist": 1.0, "knn": 0.5},
    {"svd": 1.0},
    {"items": 1.0},
)
"""Weights that are tried, the default first."""
Kind = type[Logistic] | type[Trees]
LEARNED: tuple[tuple[Kind, ...], ...] = ((Logistic,), (Trees,), (Logistic, Trees))
"""What is learned; of several the mean of their log odds counts."""
DEFAULT = Fusion(FUSIONS[0])
FEWEST_LISTENERS = 20
"""With fewer, what is learned would be chance, and the default is taken."""
MOST_LISTENERS = 600
OTHERS = 60
"""Of each case, how many candidates that are no answer are learned from; they count for all."""
_K = 10

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A case as a ranker sees it.

    Attributes
    ----------
    case
        The question.
    pool
        The candidates.
    features
        (n, f) float32.
    """

    case: Case
    pool: Pool
    features: NDArray[np.float32]

    def ndcg(self, ranker: Ranker) -> float:
        """NDCG@10 of a ranker's order of the candidates that the sources it asks bring."""
        scores = ranker.scores(self.pool, lambda _: self.features.astype(np.float64))
        order = np.lexsort((self.pool.ids, -scores.astype(np.float32)))
        best, relevant = order[self._brought(ranker)[order]][:_K], self.case.relevant
        return float(ndcg(hits(self.pool.ids[best], relevant), _K, len(relevant)))

    def _brought(self, ranker: Ranker) -> NDArray[np.bool_]:
        """Which candidates any of a ranker's sources brings, (n,); others it would not rank."""
        found = np.zeros(len(self.pool.ids), dtype=bool)
        for name in ranker.sources:
            if name in self.pool.ranks:
                found |= self.pool.ranks[name] > 0
        return found


def gather(
    cases: Sequence[Case],
    engine_of: Callable[[Case], Engine],
    progress: Progress = SILENT,
    most: int = MOST_LISTENERS,
) -> list[Example]:
    """What the sources bring for each case; of more than `most` listeners, a sample's."""
    listeners = np.unique([case.listener for case in cases])
    order = np.random.default_rng(0).permutation(len(listeners))[:most]
    asked = set(listeners[order].tolist())
    kept = [case for case in cases if case.listener in asked]
    blocks = list(blocks_of(engine_of, kept))

    def find(block: slice) -> list[Example]:
        alike = bring_along(engine_of(kept[block.start]), kept[block])
        return [_example(case, engine_of(case)) for case in alike]

    examples = []
    with progress.task("Finding candidates", len(kept)) as task:
        for found in side_by_side(find, blocks):
            examples += found
            task.advance(len(found))
    return examples


def _example(case: Case, engine: Engine) -> Example:
    pool = engine.candidates(case.query, PARTS, DEFAULT.candidates)
    return Example(case, pool, engine.features(case.query)(pool).astype(np.float32))


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learned.

    Attributes
    ----------
    final
        The ranker that was learned from all listeners.
    by_group
        For each group of listeners the ranker that was chosen by, and learned from, the others.
    trials
        What competed: `kind`, the `weights` of a fusion, and `ndcg@10` on listeners that were
        not learned from.
    listeners
        How many were learned from.
    """

    final: Ranker
    by_group: dict[int, Ranker]
    trials: list[dict[str, Any]]
    listeners: int

    def describe(self) -> dict[str, Any]:
        """What was learned and how it was chosen, as JSON."""
        groups = {str(group): one.describe()["kind"] for group, one in self.by_group.items()}
        return {
            "ranker": self.final.describe(), "listeners": self.listeners, "trials": self.trials,
            "groups": groups,
        }  # fmt: skip


def learn_ranker(examples: Sequence[Example], progress: Progress = SILENT) -> Lesson:
    """Learn the ranker.

    For each group, what is learned from three of the others is tried on the fourth; the winner
    is learned from all four. For the final ranker, the mean of these trials decides.
    """
    listeners = {one.case.listener for one in examples}
    groups = sorted({one.case.group for one in examples})
    if len(listeners) < FEWEST_LISTENERS or len(groups) < 3:
        return Lesson(DEFAULT, dict.fromkeys(groups, DEFAULT), [], len(listeners))

    def learn(group: int) -> tuple[Floats, Ranker]:
        others = [one for one in examples if one.case.group != group]
        tried = _try(others, groups[(groups.index(group) + 1) % len(groups)])
        return tried, contender(int(np.argmax(tried)), others)

    by_group, found = {}, []
    # Each learner asks for one thread of its own, and gives back what it found: one already.
    with progress.task("Learning the ranker", len(groups) + 1) as task, on_one_thread():
        for group, (tried, ranker) in zip(groups, side_by_side(learn, groups), strict=True):
            found.append(tried)
            by_group[group] = ranker
            task.advance()
        mean = np.mean(found, axis=0)
        final = contender(int(np.argmax(mean)), examples)
        task.advance()
    return Lesson(final, by_group, _trials(mean), len(listeners))


def _trials(values: Floats) -> list[dict[str, Any]]:
    """What competed, in the order of `contenders`, and how well each did, (c,)."""
    fusions: list[dict[str, Any]] = [
        {"kind": Fusion.kind, "weights": dict(weights)} for weights in FUSIONS
    ]
    learned = [{"kind": "+".join(kind.kind for kind in kinds)} for kinds in LEARNED]
    found = zip((*fusions, *learned), values.tolist(), strict=True)
    return [{**about, "ndcg@10": round(value, 6)} for about, value in found]


def _try(examples: Sequence[Example], held: int) -> Floats:
    """NDCG@10 of each contender on the listeners of a group, learned from the others, (c,)."""
    rankers = map(walked, contenders([one for one in examples if one.case.group != held]))
    asked = [one for one in examples if one.case.group == held]
    return np.array([np.mean([one.ndcg(ranker) for one in asked]) for ranker in rankers])


def contenders(examples: Sequence[Example]) -> list[Ranker]:
    """All that competes, learned from the examples, the simplest first.

    Of equals the first is taken. Where there is nothing to learn from, the default stands in the
    place of what is learned.
    """
    fitted = _fitted(examples, (Logistic, Trees))
    return [*map(Fusion, FUSIONS), *(_joined(kinds, fitted) for kinds in LEARNED)]


def contender(place: int, examples: Sequence[Example]) -> Ranker:
    """One of `contenders`, without the work for the others."""
    if place < len(FUSIONS):
        return Fusion(FUSIONS[place])
    kinds = LEARNED[place - len(FUSIONS)]
    return _joined(kinds, _fitted(examples, kinds))


def _fitted(examples: Sequence[Example], kinds: Sequence[Kind]) -> dict[Kind, Logistic | Trees]:
    """Models learned from the examples; none where there is nothing to learn from."""
    if not examples:
        return {}
    rows, wanted, thinned = _table(examples)
    if not wanted.any() or wanted.all():
        return {}
    return {kind: kind.fit(rows, wanted, thinned) for kind in kinds}


def _joined(kinds: Sequence[Kind], fitted: Mapping[Kind, Logistic | Trees]) -> Ranker:
    models = tuple(fitted[kind] for kind in kinds if kind in fitted)
    return Learned(models, DEFAULT.candidates) if models else DEFAULT


def _table(
    examples: Sequence[Example],
) -> tuple[NDArray[np.float32], NDArray[np.bool_], float]:
    """All answers among the candidates, a sample of the others, and for how many each stands."""
    rng = np.random.default_rng(0)
    rows, wanted, others = [], [], 0
    for one in examples:
        right = np.isin(one.pool.ids, one.case.relevant)
        wrong = np.flatnonzero(~right)
        drawn = np.sort(rng.choice(wrong, min(OTHERS, len(wrong)), replace=False))
        kept = np.concatenate([np.flatnonzero(right), drawn])
        rows.append(one.features[kept])
        wanted.append(right[kept])
        others += len(wrong)
    found = np.concatenate(wanted)
    return np.concatenate(rows), found, max(others, 1) / max(int((~found).sum()), 1)
