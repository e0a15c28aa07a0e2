"""The experiment as a whole: every task asked of models that have not seen the answers."""

from collections.abc import Callable
from functools import cache
from typing import Any, Protocol

from numpy.typing import NDArray

from recsys_dagster.evaluation.beyond import Catalogue
from recsys_dagster.evaluation.bootstrap import draw_weights
from recsys_dagster.evaluation.cases import SEEDS, cold_cases, known_cases, stranger_cases
from recsys_dagster.evaluation.document import SEED, difference
from recsys_dagster.evaluation.protocol import COLD, KNOWN, STRANGERS, describe_task
from recsys_dagster.evaluation.ranking import Ask, EngineOf, Ranking, rank_here
from recsys_dagster.evaluation.split import Bools, Split
from recsys_dagster.evaluation.tasks import seeds_name
from recsys_dagster.evaluation.trial import Audience, Trial, run_trial
from recsys_dagster.progress import SILENT, Progress
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.methods import HYBRID
from recsys_dagster.recommend.ranker import Rankers

RankersOf = Callable[[int], Rankers]
"""Gives a group of listeners the rankers that were not learned from it."""


class Experiment(Protocol):
    """The models of every fold, and whom they have not seen.

    Attributes
    ----------
    split, audience, catalogue
        Who is held out, who played what before the cut, and the songs.
    available
        The whole catalogue, (n_songs,).
    hidden, cold
        The songs that the cold models have never seen, and those of them that can be found,
        (n_songs,).
    """

    @property
    def split(self) -> Split:
        """See the attributes."""

    @property
    def audience(self) -> Audience:
        """See the attributes."""

    @property
    def catalogue(self) -> Catalogue:
        """See the attributes."""

    @property
    def available(self) -> Bools:
        """See the attributes."""

    @property
    def hidden(self) -> Bools:
        """See the attributes."""

    @property
    def cold(self) -> Bools:
        """See the attributes."""

    def engine_of(self, rankers_of: RankersOf) -> EngineOf:
        """Gives each case the engine of its fold, with the rankers of its group."""

    def cold_engine(self, rankers: Rankers, available: NDArray[Any] | None = None) -> Engine:
        """An engine that has not seen the cold songs either; `available` if not the catalogue."""


def run_tasks(
    experiment: Experiment,
    rankers_of: RankersOf,
    progress: Progress = SILENT,
    ranking: Ranking = rank_here,
) -> dict[str, Trial]:
    """Ask every task; by its name."""
    split, engine_of = experiment.split, experiment.engine_of(rankers_of)
    shared: dict[str, Any] = {
        "catalogue": experiment.catalogue, "progress": progress, "ranking": ranking,
    }  # fmt: skip
    found = {}
    everything, audience = experiment.available, experiment.audience
    for name, cases in [
        *((seeds_name(seeds), stranger_cases(split, seeds)) for seeds in SEEDS[::-1]),
        (KNOWN, known_cases(split)),
    ]:
        found[name] = run_trial(engine_of, cases, audience, everything, **shared)
    if split.folds and experiment.cold.any():
        cases = cold_cases(split, experiment.hidden, experiment.cold)
        for name, among in ((COLD, everything), (f"{COLD} among themselves", experiment.cold)):
            engine = experiment.cold_engine(rankers_of(0), among)
            asked = _by_group(engine, rankers_of)
            found[name] = run_trial(asked, cases, audience, among, **shared)
    return found


def _by_group(engine: Engine, rankers_of: RankersOf) -> EngineOf:
    """Gives each case the engine with the rankers that were not learned from its listener."""
    of_group = cache(lambda group: engine.with_rankers(rankers_of(group)))
    return lambda case: of_group(case.group)


def headline(trials: dict[str, Trial]) -> tuple[str, str]:
    """The name of the trial that counts, and of its task.

    It is the app's, with all seeds; where nobody can be held out, that of known listeners.
    """
    app = seeds_name(SEEDS[-1])
    return (app, STRANGERS) if trials[app].cases else (KNOWN, KNOWN)


def describe_trial(name: str, cut: str | None) -> str:
    """The task of a trial of `run_tasks` in words."""
    if name.startswith(COLD):
        among = " Here only the hidden songs are ranked." if name != COLD else ""
        return describe_task(COLD, cut, SEEDS[-1]) + among
    known = name == KNOWN
    return describe_task(name if known else STRANGERS, cut, 1 if known else int(name.split()[0]))


def compare_rankers(
    trial: Trial,
    engine_of: EngineOf,
    one: Rankers,
    other: Rankers,
    ranking: Ranking = rank_here,
) -> dict[str, Any]:
    """What the hybrid by some rankers has more than by others, over the same models.

    Both should have learned from the listeners asked, or neither: who has seen them has it
    easier.
    """
    asks: dict[str, Ask] = {"one": (HYBRID, lambda _: one), "other": (HYBRID, lambda _: other)}
    lists = ranking(engine_of, trial.cases, asks)
    mine, theirs = (trial.measure(lists[name]) for name in asks)
    return difference(mine, theirs, draw_weights(len(trial.cases), SEED))
