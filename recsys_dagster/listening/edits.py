"""What the table of listens does not take from its parts as it stands.

Listens that another file has already are left out: sources that overlap give a union, not a
sum. Bursts are marked: a scrobble takes a song of more than 30 seconds of which half was
played, so at most four of a song begin in one minute. Where there are more, some player sent
one play again and again: all but the first are marked, and do not count as plays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from recsys_dagster.identity import song_key
from recsys_dagster.listening.overlap import UNTIMED, Int64Array, find_repeated
from recsys_dagster.listening.parts import Part
from recsys_dagster.listening.ranges import Listeners, count_by_listener, split_by_listener

MOST_PLAYS_A_MINUTE = 4
_MINUTE = 60
_EDGE = pl.duration(minutes=3, seconds=1)
"""By how much files that only touch may be apart, with the slack of both."""
_ROW = "row"
_SCHEMA = pl.Schema({"part": pl.Int32(), _ROW: pl.UInt32()})


@dataclass(frozen=True, slots=True)
class Edits:
    """Rows of parts, each as part (position in the sequence of parts) and row.

    Attributes
    ----------
    repeated
        Listens that a part to be believed more has.
    bursts
        Listens that are marked as bursts; none of them is repeated.
    """

    repeated: pl.DataFrame
    bursts: pl.DataFrame

    def of(self, part: int) -> tuple[pl.Series, pl.Series]:
        """The repeated and the burst rows of one part."""
        repeated, bursts = (
            table.filter(pl.col("part") == part)[_ROW].sort()
            for table in (self.repeated, self.bursts)
        )
        return repeated, bursts


def find_edits(parts: Sequence[Part]) -> Edits:
    """Compare the parts with each other and look for bursts, a range of listeners at a time."""
    counts = count_by_listener([part.table for part in parts])
    shared, trust = _shared(counts), trust_in(parts)
    repeated = [pl.DataFrame(schema=_SCHEMA)]
    bursts = [pl.DataFrame(schema=_SCHEMA)]
    for listeners in split_by_listener(counts.join(shared, on="user", how="semi")):
        edits = edits_among(_load(parts, counts, listeners, shared), trust)
        repeated.append(edits.repeated)
        bursts.append(edits.bursts)
    alone = counts.join(shared, on="user", how="anti")
    for listeners in split_by_listener(alone):
        crowded = _crowded(parts, counts, listeners, alone.select("user").unique())
        if crowded.height:
            bursts.append(_bursts(_load(parts, counts, listeners, crowded)))
    return Edits(pl.concat(repeated), pl.concat(bursts))


@dataclass(frozen=True, slots=True)
class Trust:
    """Which parts to believe more.

    Attributes
    ----------
    places
        part (position in the sequence of parts) and file: its position in the order of belief.
    files
        By file its kind, its resolution and its slack; see `find_repeated`.
    """

    places: pl.DataFrame
    files: Int64Array


def trust_in(parts: Sequence[Part]) -> Trust:
    """Those that tell most, most exactly, and of most listens come first."""
    order = sorted(range(len(parts)), key=lambda at: _belief(parts[at]))
    readings = [parts[at].reading for at in order]
    kinds = sorted({reading.format for reading in readings})
    files = [(kinds.index(one.format), one.resolution, one.slack) for one in readings]
    places = pl.DataFrame({"part": order, "file": range(len(order))})
    schema = {"part": pl.Int32(), "file": pl.Int64()}
    return Trust(places.cast(schema), np.array(files, np.int64))  # type: ignore[arg-type]


def _belief(part: Part) -> tuple[int, int, int, str]:
    reading = part.reading
    return reading.rank, reading.resolution, -reading.listens, part.name


def edits_among(rows: pl.DataFrame, trust: Trust) -> Edits:
    """The edits among all listens that some listeners have of some songs.

    Parameters
    ----------
    rows
        part, row, user, song_key and listened_at, sorted by part and row.
    trust
        In the parts.
    """
    superfluous = _repeated(rows, trust)
    repeated = rows.filter(superfluous).select("part", _ROW)
    return Edits(repeated, _bursts(rows.filter(~superfluous)))


def _shared(counts: pl.DataFrame) -> pl.DataFrame:
    """The listeners of whom several parts tell of the same time, or have listens without one."""
    spans = counts.sort("user", "first", "part", nulls_last=True)
    before = pl.col("last").shift(1).cum_max().over("user")
    meets = pl.col("first") <= before + _EDGE
    untimed = (pl.col("untimed") > 0).sum() > 1
    found = spans.with_columns(meets.fill_null(value=False).alias("meets"))
    return found.group_by("user").agg(pl.col("meets").any(), untimed.alias("untimed")).filter(
        pl.col("meets") | pl.col("untimed")
    ).select("user")  # fmt: skip


def _scans(
    parts: Sequence[Part], counts: pl.DataFrame, listeners: Listeners
) -> Iterator[pl.LazyFrame]:
    """The parts that have listens of the listeners, each with part and row."""
    there = pl.col("user").is_between(pl.lit(listeners.first), pl.lit(listeners.last))
    for position in counts.filter(there)["part"].unique().sort():
        table = pl.scan_parquet(parts[position].table, glob=False, row_index_name=_ROW)
        yield listeners.among(table).with_columns(pl.lit(position, pl.Int32).alias("part"))


def _load(
    parts: Sequence[Part], counts: pl.DataFrame, listeners: Listeners, users: pl.DataFrame
) -> pl.DataFrame:
    """The listens of some of the listeners, with the identity of the song."""
    scans = [
        scan.select("part", pl.col(_ROW).cast(pl.UInt32), "user", "artist", "title", "listened_at")
        .join(users.lazy(), on="user", how="semi")
        for scan in _scans(parts, counts, listeners)
    ]  # fmt: skip
    rows = pl.concat(scans).collect(engine="streaming")
    spelled = rows.select("artist", "title").unique()
    keys = spelled.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
    keyed = rows.join(keys, on=["artist", "title"], how="left").drop("artist", "title")
    return keyed.sort("part", _ROW)  # what is equal otherwise is told apart by its place


def _repeated(rows: pl.DataFrame, trust: Trust) -> pl.Series:
    """Which rows are listens that a part to be believed more has."""
    sorted_rows = (
        rows.with_row_index("at")
        .join(trust.places, on="part", how="left")
        .select(
            "at",
            _song(),
            "file",
            pl.col("listened_at").dt.epoch("s").fill_null(int(UNTIMED)).alias("time"),
        )
        .sort("song", "file", "time", "at")
    )
    song, file, time = (sorted_rows[name].to_numpy() for name in ("song", "file", "time"))
    repeated = find_repeated(song, file, time, trust.files)
    return sorted_rows.select("at", pl.Series("repeated", repeated)).sort("at")["repeated"]


def _crowded(
    parts: Sequence[Part], counts: pl.DataFrame, listeners: Listeners, users: pl.DataFrame
) -> pl.DataFrame:
    """Those with more listens in some minute, of whatever songs, than one song can have."""
    scans = [scan.select("user", "listened_at") for scan in _scans(parts, counts, listeners)]
    theirs = pl.concat(scans).join(users.lazy(), on="user", how="semi")
    listens = theirs.collect(engine="streaming").drop_nulls()
    who = pl.col("user").cast(pl.Categorical).to_physical().cast(pl.Int64)
    # One number for listener and second: to sort such numbers is what makes this fast.
    moments = listens.select("user", (who * (1 << 40) + _second()).alias("moment"))
    in_order = moments["moment"].sort()
    crowded = in_order.filter(in_order - in_order.shift(MOST_PLAYS_A_MINUTE) < _MINUTE)
    return moments.filter(pl.col("moment").is_in(crowded.implode())).select("user").unique()


def _second() -> pl.Expr:
    return pl.col("listened_at").dt.epoch("s").alias("second")


def _bursts(rows: pl.DataFrame) -> pl.DataFrame:
    """All but the first of the listens of a song that are too many for a minute."""
    timed = rows.filter(pl.col("listened_at").is_not_null()).with_columns(_song(), _second())
    in_order = timed.sort("song", "listened_at", "part", _ROW)
    marked = in_order.with_columns(close=_within_a_minute(MOST_PLAYS_A_MINUTE))
    # The last of too many listens tells of those before it.
    among = pl.any_horizontal(
        pl.col("close").shift(-step, fill_value=False)
        & (pl.col("song") == pl.col("song").shift(-step, fill_value=0))
        for step in range(MOST_PLAYS_A_MINUTE + 1)
    )
    again = _within_a_minute(1) & pl.col("among").shift(fill_value=False)
    repeats = marked.with_columns(among=among).filter(pl.col("among") & again)
    return repeats.select("part", _ROW).cast(_SCHEMA)


def _song() -> pl.Expr:
    """One number, not 0, for a listener and song."""
    return pl.struct("user", "song_key").rank("dense").cast(pl.Int64).alias("song")


def _within_a_minute(before: int) -> pl.Expr:
    """Whether a row is of the same song and minute as the one some rows before it."""
    same = pl.col("song") == pl.col("song").shift(before, fill_value=0)
    return same & (pl.col("second") - pl.col("second").shift(before, fill_value=0) < _MINUTE)
