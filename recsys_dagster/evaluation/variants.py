"""Which pairs each set of models learns from: one a fold, and one that knows no cold song."""

import numpy as np

from recsys_dagster.evaluation.cases import SEEDS, cold_cases, known_cases, stranger_cases
from recsys_dagster.evaluation.split import Bools, Ints, Split

FINAL, COLD = "final", "cold"
"""What is released, learned from everything; and what has never seen the cold songs."""
BASE = "base"
"""The final factorisation as it was when everything was learned; refreshes start from it."""
COLD_LISTENERS = 2_000
"""Of more listeners, so many are learned from where cold songs are asked for."""


def fold_names(split: Split) -> list[str]:
    """The names of the folds that have models; there is one even when nobody is held out."""
    return [f"fold-{fold}" for fold in range(max(split.folds, 1))]


def learned_pairs(split: Split, hidden: Bools) -> dict[str, Bools]:
    """The pairs that each held-out set of models learns from, (n,) each.

    Parameters
    ----------
    hidden
        (n_songs,) the songs that are cold; see `split.hide`.
    """
    found = {name: split.learned(fold) for fold, name in enumerate(fold_names(split))}
    if split.folds:
        few = np.isin(split.users, cold_listeners(split))
        found[COLD] = found["fold-0"] & few & ~hidden[split.songs]
    return found


def asked_songs(split: Split, hidden: Bools) -> dict[str, Bools]:
    """The songs that are seeds in any case of each held-out set of models, (n_songs,) each.

    Parameters
    ----------
    hidden
        (n_songs,) the songs that are cold; see `split.hide`.
    """
    names = fold_names(split)
    found = {name: np.zeros(len(hidden), dtype=bool) for name in (*names, COLD)}
    cases = [case for seeds in SEEDS for case in stranger_cases(split, seeds)]
    for case in (*cases, *known_cases(split)):
        found[names[case.fold]][case.query.seeds] = True
    for case in cold_cases(split, hidden) if split.folds else ():
        found[COLD][case.query.seeds] = True
    return found


def cold_listeners(split: Split) -> Ints:
    """The listeners from whom the models learn that know no cold song; not those of fold 0."""
    learned = np.flatnonzero(split.fold != 0)
    return np.random.default_rng(0).permutation(learned)[:COLD_LISTENERS]
