"""How the pipeline trains the factorisation: on one part, the epoch chosen on another, then on all.

For the ranking loss the pairs are as they were played. The squared error gets unplayed pairs
beside them: on the played pairs alone it learns how much a song is played by those who play it,
and as a recommender it loses to popularity. A sample of pairs without plays (rating
log(1 + 0) = 0) also tells it whether a song is played at all.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recsys_dagster.models.arrays import IntArray
from recsys_dagster.models.svd.config import RankingConfig, SquaredConfig
from recsys_dagster.models.svd.model import SvdModel
from recsys_dagster.models.svd.training import Config, Training, refit, train
from recsys_dagster.models.svd.unplayed import with_unplayed
from recsys_dagster.progress import SILENT, Progress

UNPLAYED_PER_PAIR = 20
MAX_UNPLAYED = 40_000_000
"""What is sampled at the most, so that memory and time stay bounded."""
MAX_SHARE = 0.4
"""Of all listener-song pairs: were most of them sampled, the songs to be found would be too."""

MOST_UPDATES, FEWEST_EPOCHS = 25_000_000, 6
"""Of the ranking loss: an epoch has one update for each pair. Up to 600,000 pairs have all
epochs."""

AGAIN_EVERY, LEAST_AGAIN, SLOWER_AGAIN = 4, 3, 3
"""From a model of nearly the same pairs: a quarter of the epochs, three at least, and a third of
the learning rate; a high one would first undo what was learned."""

Ints = NDArray[np.integer[Any]]


def config_for(objective: str, plays: Ints) -> Config:
    """Settings of an objective, `ranking` or `squared`, for (n,) play counts of training."""
    return ranking_config(len(plays)) if objective == "ranking" else squared_config(plays)


def ranking_config(pairs: int) -> RankingConfig:
    """Settings of the ranking loss for a number of pairs: of many, fewer epochs do."""
    usual = RankingConfig()
    few = max(FEWEST_EPOCHS, MOST_UPDATES // max(pairs, 1))
    return replace(usual, epochs=min(usual.epochs, few))


def is_cut_short(config: Config) -> bool:
    """Whether there were too many pairs for all epochs."""
    return isinstance(config, RankingConfig) and config.epochs < RankingConfig().epochs


def squared_config(plays: Ints) -> SquaredConfig:
    """Settings of the squared error that fit the play counts.

    Errors grow with the ratings, factors with their root. So the learning rate is divided by
    the mean rating and the regularisation multiplied by it: histories of years, where a song
    has hundreds of plays, and of weeks train alike.
    """
    scale = max(float(np.log1p(plays.astype(np.float64)).mean()), 0.1) if len(plays) else 1.0
    return SquaredConfig(
        epochs=60,
        learning_rate=round(min(0.08 / scale, 0.1), 4),
        regularisation=round(0.015 * scale, 4),
    )


def unplayed_per_pair(pairs: int, cells: int) -> int:
    """How many unplayed pairs are sampled for each played one.

    Parameters
    ----------
    pairs
        Played pairs.
    cells
        Listeners times songs.
    """
    most = min(MAX_UNPLAYED, int(MAX_SHARE * cells))
    return max(1, min(UNPLAYED_PER_PAIR, most // max(pairs, 1)))


def fit_held_out(
    users: Ints,
    items: Ints,
    plays: Ints,
    *,
    n_users: int,
    n_items: int,
    parts: tuple[IntArray, IntArray],
    config: Config,
    progress: Progress = SILENT,
) -> Training:
    """Train on one part of the pairs and keep the best epoch on another; see `train`.

    Parameters
    ----------
    users, items, plays
        (n,) the played pairs.
    parts
        Positions of the pairs to train and to validate on. Of the others only the songs count:
        the catalogue is known, who plays what in it is not. So an unplayed pair may hit one of
        the test part, as it does when the future is unknown.
    """
    learn, check = parts
    if isinstance(config, RankingConfig):
        return train(
            users, items, plays, n_users=n_users, n_items=n_items, train=learn, valid=check,
            config=config, progress=progress,
        )  # fmt: skip
    pool = np.unique(items)  # songs that nobody plays any more keep their ids, and say nothing
    sampling: dict[str, Any] = {
        "n_items": n_items,
        "pool": pool,
        "per_pair": unplayed_per_pair(len(learn), n_users * len(pool)),
        "rng": np.random.default_rng(config.seed),
    }
    learned = with_unplayed(users[learn], items[learn], plays[learn], **sampling)
    checked = with_unplayed(
        users[check], items[check], plays[check], **sampling,
        also_played=(learned[0], learned[1]),
    )  # fmt: skip
    whole = [np.concatenate(two) for two in zip(learned, checked, strict=True)]
    return train(
        whole[0], whole[1], whole[2],
        n_users=n_users,
        n_items=n_items,
        train=np.arange(len(learned[0])),
        valid=np.arange(len(learned[0]), len(whole[0])),
        config=config,
        progress=progress,
    )  # fmt: skip


def fit_all(
    users: Ints,
    items: Ints,
    plays: Ints,
    *,
    n_users: int,
    n_items: int,
    epochs: int,
    config: Config,
    progress: Progress = SILENT,
) -> Training:
    """Train on all pairs for the number of epochs that `fit_held_out` found."""
    whole = _with_unplayed(users, items, plays, n_users, n_items, config)
    return refit(
        *whole, n_users=n_users, n_items=n_items, epochs=epochs, config=config, progress=progress
    )


def fit_again(
    users: Ints,
    items: Ints,
    plays: Ints,
    *,
    n_users: int,
    n_items: int,
    epochs: int,
    config: Config,
    start: SvdModel,
    known: Ints,
    progress: Progress = SILENT,
) -> Training:
    """Train on all pairs from a model that knows most of them: a few epochs in small steps.

    Parameters
    ----------
    epochs
        For how many `fit_all` would train; a quarter of them is done.
    start
        The earlier model; its items are the first of these, in the same order.
    known
        (m,) number that each of its users has now, -1 for those who are not there any more.
    """
    there = known >= 0
    start = replace(start, user_factors=start.user_factors[there], user_bias=start.user_bias[there])
    # A model to start from has the first of the users: they are numbered so for the training.
    first = known[there]
    order = np.concatenate([first, np.setdiff1d(np.arange(n_users), first)])
    place = np.empty(n_users, dtype=np.int64)
    place[order] = np.arange(n_users)
    few = max(LEAST_AGAIN, round(epochs / AGAIN_EVERY))
    slower = replace(config, epochs=few, learning_rate=config.learning_rate / SLOWER_AGAIN)
    whole = _with_unplayed(place[users], items, plays, n_users, n_items, slower)
    training = train(
        *whole, n_users=n_users, n_items=n_items, train=np.arange(len(whole[0])),
        valid=np.zeros(0, dtype=np.int64), config=slower, start=start, progress=progress,
    )  # fmt: skip
    model = training.model
    ordered = replace(
        model, user_factors=model.user_factors[place], user_bias=model.user_bias[place]
    )
    return replace(training, model=ordered)


def _with_unplayed(
    users: Ints, items: Ints, plays: Ints, n_users: int, n_items: int, config: Config
) -> tuple[Ints, Ints, NDArray[Any]]:
    """The pairs as they are for the ranking loss, with unplayed ones for the squared error."""
    if isinstance(config, RankingConfig):
        return users, items, plays
    pool = np.unique(items)
    return with_unplayed(
        users, items, plays,
        n_items=n_items,
        pool=pool,
        per_pair=unplayed_per_pair(len(users), n_users * len(pool)),
        rng=np.random.default_rng(config.seed),
    )  # fmt: skip
