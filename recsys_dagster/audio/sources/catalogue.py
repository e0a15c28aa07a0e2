"""The `catalogue` source: the files that users drop into `raw/features`."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import polars as pl

from recsys_dagster.audio.catalogue import Catalogue, read_catalogue
from recsys_dagster.audio.features import FEATURES, REFUSED
from recsys_dagster.audio.sources.base import FOUND, LOOKED_UP, NO_FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import hash_json


class CatalogueSource:
    """Finds songs in catalogue files by song identity.

    Where several rows are the same song, the one with the most features wins, then the one
    that names all the artists, then the file whose name comes first, then the earlier row.

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
        """A hash over the contents of the files."""
        return hash_json(list(self._files.values()))

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
    def requests(self) -> int:
        """None: it reads files."""
        return 0

    @property
    def remarks(self) -> list[str]:
        """None: files are always there."""
        return []

    @property
    def refused_files(self) -> list[str]:
        """In words, the files that could not be used."""
        return self._read[1]

    @cached_property
    def _table(self) -> pl.DataFrame:
        tables = [
            catalogue.table.with_columns(pl.lit(position).alias("file"))
            for position, catalogue in enumerate(self._read[0])
        ]
        if not tables:
            features = dict.fromkeys(FEATURES, pl.Float64)
            return pl.DataFrame(schema={"song_key": pl.String, **features, REFUSED: pl.String})
        known = pl.sum_horizontal(pl.col(FEATURES).is_not_null()).alias("known")
        ordered = pl.concat(tables).with_row_index("row").with_columns(known)
        ordered = ordered.sort(
            ["known", "rank", "file", "row"], descending=[True, False, False, False]
        )
        best = ordered.unique("song_key", keep="first", maintain_order=True)
        return best.select("song_key", *FEATURES, REFUSED)

    def look_up(self, songs: pl.DataFrame) -> pl.DataFrame:
        """Find songs by their key; see `FeatureSource.look_up`."""
        found = songs.select("song_id", "song_key").join(self._table, on="song_key")
        has_any = pl.any_horizontal(pl.col(FEATURES).is_not_null())
        return (
            found.with_columns(
                pl.when(has_any).then(pl.lit(FOUND)).otherwise(pl.lit(NO_FEATURES)).alias("status"),
                pl.lit(1.0).alias("score"),
                pl.lit(None, pl.Float64).alias("retry_at"),
            )
            .select(*LOOKED_UP)
            .cast(LOOKED_UP)
        )
