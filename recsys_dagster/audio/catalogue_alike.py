"""Songs matched with catalogue rows of the same artist whose title is only spelled otherwise.

Only titles that share what `matching` demands are compared: the artist, numbers and versions, and
the letters or the first letter of every word. So the work grows with the songs of one artist that
begin alike, and not with the catalogue; where those are too many, only equal letters count.
"""

import polars as pl

from recsys_dagster.audio.features import FEATURE_TABLE
from recsys_dagster.audio.matching import PARTS, add_parts, folded_key, score_pairs
from recsys_dagster.identity import artist_part, title_part, with_song_keys

SHARES = [feature.name for feature in FEATURE_TABLE if feature.unit == "share"]
"""The features from 0 to 1, by which rows are the same recording or not."""
_SAME_FEATURES = 0.1
_NEARLY_AS_GOOD = 0.02
_MOST_ALIKE = 100
"""So many titles of one artist that begin alike are looked through for slips; of more, none is."""
_FIRST_ARTIST = r"(?:\s*[;|]\s*|,\s+).*$"


class AlikeIndex:
    """The rows of catalogues, ready for `find`.

    Parameters
    ----------
    rows
        row, artist, title, song_key, and `SHARES`; one for each song, the best first.
    """

    def __init__(self, rows: pl.DataFrame) -> None:
        beginning = ["folded", "kind", "initials"]
        parts = with_parts(rows.select("row", "artist", "title", "song_key", *SHARES))
        self._rows = parts.with_columns(
            (pl.len().over(beginning) <= _MOST_ALIKE).alias("few"),
            pl.col(PARTS).name.suffix("_other"),
        )

    def find(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Find the rows that are surely the same recordings.

        Parameters
        ----------
        songs
            song_id, artist, title.

        Returns
        -------
        song_id, row, score; songs of which two good rows differ in features are left out.
        """
        scored = self.score(songs)
        best = pl.col("score") >= pl.col("score").max().over("song_id") - _NEARLY_AS_GOOD
        near = scored.filter(best).join(self._rows.select("row", *SHARES), on="row")
        spread = pl.max_horizontal(
            (pl.col(name).max() - pl.col(name).min()) for name in SHARES
        )  # fmt: skip
        return (
            near.sort("song_id", -pl.col("score"), "row")
            .group_by("song_id", maintain_order=True)
            .agg(pl.col("row", "score").first(), spread.alias("spread"))
            .filter(pl.col("spread").fill_null(0) <= _SAME_FEATURES)
            .select("song_id", "row", "score")
        )

    def score(self, songs: pl.DataFrame) -> pl.DataFrame:
        """All rows that match, however many a song has: song_id, row, score."""
        wanted = _folded(_by_artist(songs.select("song_id", "artist", "title")))
        rows = self._rows.join(wanted, on="folded", how="semi")
        pairs = _pairs(_parted(wanted.join(rows, on="folded", how="semi")), rows)
        good = score_pairs(pairs).filter(pl.col("score") > 0)
        return good.group_by("song_id", "row").agg(pl.col("score").max())


def with_parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what is compared, and by what rows are brought together; unfit titles are left out."""
    return _parted(_folded(frame))


def _parted(frame: pl.DataFrame) -> pl.DataFrame:
    initials = pl.col("words").str.replace_all(r"(\S)\S*", "$1").alias("initials")
    return add_parts(frame).with_columns(initials).drop_nulls("words")


def _folded(frame: pl.DataFrame) -> pl.DataFrame:
    """Add `title_key` and `folded`; rows of composers, whose name says nothing, are left out."""
    artist, title = pl.col("artist_key"), title_part(pl.col("song_key")).alias("title_key")
    keyed = frame.with_columns(artist_part(pl.col("song_key")).alias("artist_key"), title)
    folded = keyed.select(artist.unique()).with_columns(folded_key(artist).alias("folded"))
    return keyed.join(folded.drop_nulls(), on="artist_key", maintain_order="left")


def _by_artist(songs: pl.DataFrame) -> pl.DataFrame:
    """Each song by all its artists and by the first of several."""
    first = pl.col("artist").str.replace(_FIRST_ARTIST, "")
    several = songs.filter(first != pl.col("artist")).with_columns(first.alias("artist"))
    return with_song_keys(pl.concat([songs, several]))


def _pairs(songs: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Titles with equal letters, and those that may differ by a letter of one word."""
    others = [f"{name}_other" for name in PARTS]
    by_letters = rows.select("row", "folded", "kind", "letters", *others)
    few = rows.filter("few").select("row", "folded", "kind", "initials", *others)
    lengths = [pl.col(name).str.len_chars().cast(pl.Int32) for name in ("words", "words_other")]
    slips = songs.lazy().join(few.lazy(), on=["folded", "kind", "initials"])
    near = (pl.col("words") != pl.col("words_other")) & ((lengths[0] - lengths[1]).abs() <= 1)
    both = [
        songs.join(by_letters, on=["folded", "kind", "letters"]),
        slips.filter(near).collect(),
    ]
    columns = ["song_id", "row", *PARTS, *others]
    return pl.concat([pairs.select(columns) for pairs in both]).unique(maintain_order=True)
