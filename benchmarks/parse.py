"""From a Last.fm CSV to play counts and unique songs: ours, DuckDB, pandas.

python benchmarks/parse.py [--listens N] [--json FILE]

Ours also finds song identity (spelling variants, guests, remaster notes), tells of every row that
is no listen, and writes all listens as Parquet; the others group by the spelling as it stands.
pandas does what the scripts did that this project replaces: read_csv, groupby size,
drop_duplicates, write CSV.
"""

import argparse
import tempfile
from pathlib import Path

import duckdb
import pandas as pd
from timing import compare, report

from recsys_dagster.demo import DemoConfig, write_demo
from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.listens import scan_listens, sync_listens
from recsys_dagster.listening.songs import unique_songs
from recsys_dagster.storage.tables import scan_table, write_table


def ours(history: Path, work: Path) -> None:
    """The three listening stages."""
    for old in work.glob("listens/*"):
        old.unlink()
    sync_listens([history], work / "listens")
    write_table(count_interactions(scan_listens(work / "listens")), work / "interactions.parquet")
    write_table(unique_songs(scan_table(work / "interactions.parquet")), work / "songs.parquet")


def with_duckdb(history: Path, work: Path) -> None:
    """The same counts in SQL."""
    read = f"read_csv('{history}', all_varchar=true, header=true)"
    counts, songs = work / "duckdb_counts.parquet", work / "duckdb_songs.parquet"
    with duckdb.connect() as connection:
        connection.execute("SET threads=2")
        connection.execute(
            f"COPY (SELECT Username, Artist, Track, count(*) AS plays FROM {read} "  # noqa: S608
            f"GROUP BY ALL) TO '{counts}' (COMPRESSION zstd)"
        )
        connection.execute(
            f"COPY (SELECT DISTINCT Artist, Track FROM '{counts}') "  # noqa: S608
            f"TO '{songs}' (COMPRESSION zstd)"
        )


def with_pandas(history: Path, work: Path) -> None:
    """As the replaced scripts did it."""
    listens = pd.read_csv(history, dtype=str, keep_default_na=False)
    counts = listens.groupby(["Username", "Artist", "Track"]).size().reset_index(name="plays")
    counts.to_csv(work / "pandas_counts.csv", index=False)
    listens[["Artist", "Track"]].drop_duplicates().to_csv(work / "pandas_songs.csv", index=False)


def main() -> None:
    """Make a demo world of the size asked for, and time all three on it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listens", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        size = DemoConfig(
            users=max(options.listens // 1_000, 1),
            songs=max(options.listens // 20, 20),
            listens=options.listens,
        )
        history = write_demo(work, work, size).history
        figures = compare(
            {
                "ours": lambda: ours(history, work),
                "DuckDB, spelling as it stands": lambda: with_duckdb(history, work),
                "pandas, spelling as it stands": lambda: with_pandas(history, work),
            },
            options.rounds,
        )
    title = f"{options.listens:,} listens, CSV to play counts and unique songs"
    report(title, figures, ["polars", "duckdb", "pandas"], options.json)


if __name__ == "__main__":
    main()
