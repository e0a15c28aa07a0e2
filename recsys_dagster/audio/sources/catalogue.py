"""The `catalogue` source: the files that users drop into `raw/features`."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from recsys_dagster.audio.catalogue import Catalogue, read_catalogue
from recsys_dagster.audio.catalogue_alike import AlikeIndex
from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources.base import FOUND, LOOKED_UP, NO_FEATURES, OfflineSource
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import hash_json

_RULES = "2"
"""Raised when songs would be matched otherwise, so that batches are filled again."""


class CatalogueSource(OfflineSource):
    """Finds songs in catalogue files: by Spotify id, by song identity, by a title spelled alike.

    Where several rows are the same song, the one with the most features wins, then the one
    that names all the artists, then the file whose name comes first, then the earlier row. The
    row is taken whole: values from two analyses are never mixed.

    Parameters
    ----------
    files
        Content hash of each catalogue file.
    """

    name = "catalogue"

    def __init__(self, files: Mapping[Path, str]) -> None:
        self._files = dict(sorted(files.items()))

    @property
    def fingerprint(self) -> str:
        """A hash over the contents of the files and the rules of matching."""
        return hash_json([_RULES, *self._files.values()])

    @cached_property
    def _read(self) -> tuple[list[Catalogue], list[str]]:
        catalogues, refused = [], []
        for path in self._files:
            try:
                catalogues.append(read_catalogue(path))
            except RecsysError as error:
                refused.append(str(error))
        return catalogues, refused

    @property
    def refused_files(self) -> list[str]:
        """In words, the files that could not be used."""
        return self._read[1]

    @cached_property
    def rows(self) -> pl.DataFrame:
        """All rows, the one that wins first; `row` counts them."""
        tables = [
            catalogue.table.with_columns(pl.lit(position).alias("file"))
            for position, catalogue in enumerate(self._read[0])
        ]
        if not tables:
            texts = dict.fromkeys(("song_key", "artist", "title", "spotify_id"), pl.String)
            features = dict.fromkeys(FEATURES, pl.Float64)
            return pl.DataFrame(schema={"row": pl.UInt32, **texts, **features, REFUSED: pl.String})
        known = pl.sum_horizontal(pl.col(FEATURES).is_not_null())
        ordered = pl.concat(tables).with_row_index("earlier").sort(
            -known.cast(pl.Int32), "rank", "file", "earlier"
        )  # fmt: skip
        return ordered.drop("rank", "file", "earlier").with_row_index("row")

    @cached_property
    def _by_id(self) -> pl.DataFrame:
        return self.rows.select("spotify_id", "row").drop_nulls().unique("spotify_id", keep="first")

    @cached_property
    def _by_key(self) -> pl.DataFrame:
        return self.rows.select("song_key", "row").unique("song_key", keep="first")

    @cached_property
    def alike(self) -> AlikeIndex:
        """The rows for titles that are spelled otherwise, the best of each song."""
        return AlikeIndex(self.rows.join(self._by_key, on="row", how="semi", maintain_order="left"))

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Find songs; see `FeatureSource.look_up`."""
        found = self.match(songs).join(self.rows, on="row")
        has_any = pl.any_horizontal(pl.col(FEATURES).is_not_null())
        return (
            found.with_columns(
                pl.when(has_any).then(pl.lit(FOUND)).otherwise(pl.lit(NO_FEATURES)).alias("status"),
                pl.lit(None, pl.Float64).alias("retry_at"),
                pl.lit(None, pl.Float64).alias("expires_at"),
            )
            .select(*LOOKED_UP)
            .cast(LOOKED_UP)
        )

    def match(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Which row each song is: song_id, row, score (1 by id and by identity), step."""
        ids = songs.select("song_id", pl.col("spotify_ids").alias("spotify_id"))
        ids = ids.explode("spotify_id", empty_as_null=True).join(
            self._by_id, on="spotify_id", maintain_order="left"
        )
        by_id = ids.unique("song_id", keep="first", maintain_order=True)
        rest = songs.join(by_id, on="song_id", how="anti")
        by_key = rest.join(self._by_key, on="song_key")
        alike = self.alike.find(rest.join(by_key, on="song_id", how="anti"))
        sure = [
            step.select("song_id", "row", pl.lit(1.0).alias("score"), pl.lit(name).alias("step"))
            for name, step in (("id", by_id), ("identity", by_key))
        ]
        return pl.concat([*sure, alike.with_columns(pl.lit("alike").alias("step"))])
