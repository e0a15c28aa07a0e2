"""What the table of listens does not take from its parts as it stands.

Listens that another file has already are left out: sources that overlap give a union, not a
sum. Bursts are marked: a scrobble takes a song of more than 30 seconds of which half was
played, so at most four of a song begin in one minute. Where there are more, some player sent
one play again and again: all but the first are marked, and do not count as plays.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from recsys_dagster.identity import song_key
from recsys_dagster.listening.overlap import UNTIMED, find_repeated
from recsys_dagster.listening.parts import Part
from recsys_dagster.listening.ranges import Listeners, count_by_listener, split_by_listener

MOST_PLAYS_A_MINUTE = 4
_EDGE = pl.duration(minutes=2)
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
    shared = _shared(counts)
    repeated = [pl.DataFrame(schema=_SCHEMA)]
    bursts = [pl.DataFrame(schema=_SCHEMA)]
    for listeners in split_by_listener(counts.join(shared, on="user", how="semi")):
        rows = _load(parts, counts, listeners, shared)
        superfluous = _repeated(rows, parts)
        repeated.append(rows.filter(superfluous).select("part", _ROW))
        bursts.append(_bursts(rows.filter(~superfluous)))
    for listeners in split_by_listener(counts.join(shared, on="user", how="anti")):
        crowded = _crowded(parts, counts, listeners).join(shared, on="user", how="anti")
        if crowded.height:
            rows = _load(parts, counts, listeners, crowded.select("user"))
            bursts.append(_bursts(rows))
    return Edits(pl.concat(repeated), pl.concat(bursts))


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
    rows = pl.concat(pl.collect_all(scans, engine="streaming"))
    spelled = rows.select("artist", "title").unique()
    keys = spelled.with_columns(song_key(pl.col("artist"), pl.col("title")).alias("song_key"))
    return rows.join(keys, on=["artist", "title"], how="left").drop("artist", "title")


def _repeated(rows: pl.DataFrame, parts: Sequence[Part]) -> pl.Series:
    """Which rows are listens that a part to be believed more has."""
    order = sorted(range(len(parts)), key=lambda at: _belief(parts[at]))
    spans = pl.DataFrame(
        {
            "part": order,
            "file": range(len(order)),
            "slack": [parts[at].reading.slack for at in order],
            "resolution": [parts[at].reading.resolution for at in order],
        },
        schema_overrides={"part": pl.Int32},
    )
    time = pl.col("listened_at").dt.epoch("s").fill_null(int(UNTIMED))
    spread = pl.when(pl.col("listened_at").is_not_null()).then("slack").otherwise(0)
    sorted_rows = (
        rows.with_row_index("at")
        .join(spans, on="part", how="left")
        .select(
            "at",
            pl.struct("user", "song_key").rank("dense").cast(pl.Int64).alias("song"),
            pl.col("file").cast(pl.Int64),
            (time - spread).cast(pl.Int64).alias("begin"),
            (time + pl.col("resolution") + spread).cast(pl.Int64).alias("end"),
        )
        .sort("song", "file", "begin", "at")
    )
    columns = [sorted_rows[name].to_numpy() for name in ("song", "file", "begin", "end")]
    found = sorted_rows.select("at", pl.Series("repeated", find_repeated(*columns)))
    return found.sort("at")["repeated"]


def _belief(part: Part) -> tuple[int, int, int, str]:
    """What sorts parts: those that tell most, most exactly, and of most listens come first."""
    reading = part.reading
    return reading.rank, reading.resolution, -reading.listens, part.name


def _minute() -> pl.Expr:
    return pl.col("listened_at").dt.epoch("s") // 60


def _crowded(parts: Sequence[Part], counts: pl.DataFrame, listeners: Listeners) -> pl.DataFrame:
    """Listeners and minutes with more listens, of whatever songs, than one song can have."""
    scans = [scan.select("user", "listened_at") for scan in _scans(parts, counts, listeners)]
    listens = pl.concat(pl.collect_all(scans, engine="streaming")).drop_nulls()
    who = pl.col("user").cast(pl.Categorical).to_physical().cast(pl.Int64)
    # One number for listener and minute: to sort such numbers is what makes this fast.
    moments = listens.select("user", _minute().alias("minute"), who.alias("who")).with_columns(
        (pl.col("who") * (1 << 32) + pl.col("minute")).alias("moment")
    )
    in_order = moments.select(pl.col("moment").sort())
    crowded = in_order.filter(pl.col("moment") == pl.col("moment").shift(MOST_PLAYS_A_MINUTE))
    return moments.join(crowded.unique(), on="moment", how="semi").select("user", "minute").unique()


def _bursts(rows: pl.DataFrame) -> pl.DataFrame:
    """All but the first of the listens of a song that are too many for their minute."""
    moment = ["user", "song_key", "minute"]
    timed = rows.filter(pl.col("listened_at").is_not_null()).with_columns(_minute().alias("minute"))
    too_many = pl.len().over(moment) > MOST_PLAYS_A_MINUTE
    again = pl.int_range(pl.len()).over(moment) > 0
    in_order = timed.sort("listened_at", "part", _ROW).filter(too_many)
    return in_order.filter(again).select("part", _ROW).cast(_SCHEMA)
