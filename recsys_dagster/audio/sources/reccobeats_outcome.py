"""What the answers of ReccoBeats amount to for a song."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from recsys_dagster.audio.features import FEATURES, REFUSED, refuse_impossible
from recsys_dagster.audio.sources.base import ERROR, FOUND, LOOKED_UP, NO_FEATURES, NOT_FOUND
from recsys_dagster.audio.sources.reccobeats_asking import Told, Trouble


@dataclass(slots=True)
class Outcome:
    """A song and what is known of it so far.

    Attributes
    ----------
    features
        As the service spells them; None as long as there are none.
    score
        How well they match; 1 where they came by id.
    is_known
        Whether the service knows the track, with features or without.
    trouble
        What kept a better answer back.
    is_unanswered
        Whether a question to which the answer matters is still to be asked.
    until
        Until when the answers are good on which this rests.
    """

    song_id: int
    features: Mapping[str, float | str] | None = None
    score: float | None = None
    is_known: bool = False
    trouble: Trouble | None = None
    is_unanswered: bool = False
    until: list[float] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether another question may still bring features."""
        return self.features is None and not self.is_unanswered

    def weigh(self, told: Told | None, trouble: Trouble | None) -> bool:
        """Take note of an answer, or of the trouble that came instead; whether it is usable."""
        if told is None:
            self.is_unanswered, self.trouble = True, trouble
        elif told.refused:
            self.trouble = self.trouble or Trouble(ERROR, told.until, "refused")
        else:
            self.until.append(told.until)
        return told is not None and not told.refused

    def take_features(
        self,
        candidates: Iterable[tuple[str, float]],
        told: Mapping[str, Told],
        trouble: Trouble | None,
    ) -> None:
        """Take the features of the first candidate, by id and score, that has some."""
        for one, score in candidates:
            answer = told.get(one)
            if self.weigh(answer, trouble) and answer is not None and answer.value is not None:
                self.is_known = True
                if answer.value:
                    self.features, self.score = answer.value, score
                    return

    def row(self) -> dict[str, Any]:
        """A row for `table_of`."""
        missing = NO_FEATURES if self.is_known else NOT_FOUND
        status = FOUND if self.features else self.trouble.status if self.trouble else missing
        retry_at = self.trouble.until if self.trouble else min(self.until, default=None)
        values = {
            name: None if value is None else str(value)
            for name, value in (self.features or {}).items()
        }
        return {
            "song_id": self.song_id, **values, "status": status, "score": self.score,
            "retry_at": retry_at, "expires_at": None, "is_certain": self.trouble is None,
        }  # fmt: skip


def table_of(outcomes: Sequence[Outcome]) -> pl.DataFrame:
    """The outcomes as `LOOKED_UP`, without values that cannot be."""
    schema = pl.Schema(
        {**LOOKED_UP, **dict.fromkeys(FEATURES, pl.String()), "is_certain": pl.Boolean()}
    )
    del schema[REFUSED]
    table = pl.DataFrame([one.row() for one in outcomes], schema=schema)
    checked = refuse_impossible(table).collect()
    has_any = pl.any_horizontal(pl.col(FEATURES).is_not_null())
    emptied = (pl.col("status") == FOUND) & ~has_any
    return (
        checked.select(
            pl.exclude("status", "retry_at", "is_certain"),
            pl.when(emptied).then(pl.lit(NO_FEATURES)).otherwise("status").alias("status"),
            pl.when(~(has_any & pl.col("is_certain"))).then("retry_at").alias("retry_at"),
        )
        .select(*LOOKED_UP)
        .cast(LOOKED_UP)
    )
