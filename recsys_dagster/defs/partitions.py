"""The partitions of the audio features: batches of 500 songs."""

import dagster as dg
import polars as pl

SONG_BATCHES = dg.DynamicPartitionsDefinition(name="song_batches")
_CHUNK = 10_000  # SQLite takes no more than some 36,000 keys at once


def batch_key(batch: int) -> str:
    """The partition of a batch; padded, so that sorting by name sorts by number."""
    return f"{batch:05d}"


def register_batches(instance: dg.DagsterInstance, songs: pl.DataFrame) -> None:
    """Bring the partitions in step with the songs, both ways."""
    name = SONG_BATCHES.name
    assert name is not None  # noqa: S101
    wanted = [batch_key(batch) for batch in songs["batch"].unique().sort()]
    known = set(instance.get_dynamic_partitions(name))
    new = [key for key in wanted if key not in known]
    for start in range(0, len(new), _CHUNK):
        instance.add_dynamic_partitions(name, new[start : start + _CHUNK])
    for key in sorted(known - set(wanted)):
        instance.delete_dynamic_partition(name, key)
