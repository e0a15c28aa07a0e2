"""From a Last.fm CSV to play counts and unique songs: ours, DuckDB, pandas.

python benchmarks/parse.py [--listens N] [--rounds N] [--history FILE] [--only NAME…] [--json FILE]

Each runs in a process of its own, in turn, so that the peak of its memory is its own.

ours      the three listening stages: a table of listens with times, every row accounted for, the
          union of files, bursts; interactions by song identity; unique songs with ids
tables    DuckDB making the same tables, by the spelling as it stands
counts    DuckDB making play counts and unique songs alone, by the spelling as it stands
pandas    what the scripts did that this project replaces: read_csv, groupby size,
          drop_duplicates, write CSV
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from shutil import rmtree

from timing import Measured, compare_measured, report

from recsys_dagster.demo import DemoConfig, write_demo

DUCKDB_THREADS = 2
_LISTENS = """COPY (SELECT Username, Artist, Track, Album,
  strptime("Date" || ' ' || trim("Time"), '%d %b %Y %H:%M') AS listened_at FROM {read})
  TO '{work}/listens.parquet' (COMPRESSION zstd)"""
_COUNTS = """COPY (SELECT Username, Artist, Track, count(*) AS plays {times} FROM {source}
  GROUP BY ALL) TO '{work}/counts.parquet' (COMPRESSION zstd)"""
_TIMES = ", min(listened_at) AS first_listen, max(listened_at) AS last_listen"
_SONGS = """COPY (SELECT Artist, Track, sum(plays) AS plays, count(*) AS listeners
  FROM '{work}/counts.parquet' GROUP BY ALL) TO '{work}/songs.parquet' (COMPRESSION zstd)"""


def ours(history: Path, work: Path) -> None:
    """The three listening stages."""
    from recsys_dagster.listening.interactions import count_interactions
    from recsys_dagster.listening.listens import scan_listens, sync_listens
    from recsys_dagster.listening.songs import unique_songs
    from recsys_dagster.storage.tables import scan_table, write_table

    sync_listens([history], history.parent, work / "listens", work / "readings")
    write_table(count_interactions(scan_listens(work / "listens")), work / "interactions.parquet")
    write_table(unique_songs(scan_table(work / "interactions.parquet")), work / "songs.parquet")


def with_duckdb(history: Path, work: Path, *, listens: bool) -> None:
    """Play counts and songs, from the CSV or from a table of listens."""
    import duckdb

    read = f"read_csv('{history}', all_varchar=true, header=true)"
    with duckdb.connect() as connection:
        connection.execute(f"SET threads={DUCKDB_THREADS}")
        if listens:
            connection.execute(_LISTENS.format(read=read, work=work))
        source = f"'{work}/listens.parquet'" if listens else read
        times = _TIMES if listens else ""
        connection.execute(_COUNTS.format(source=source, times=times, work=work))
        connection.execute(_SONGS.format(work=work))


def with_pandas(history: Path, work: Path) -> None:
    """As the replaced scripts did it."""
    import pandas as pd

    listens = pd.read_csv(history)
    counts = listens.groupby(["Username", "Artist", "Track"]).size().reset_index(name="plays")
    counts.to_csv(work / "counts.csv", index=False)
    listens[["Artist", "Track"]].drop_duplicates().to_csv(work / "songs.csv", index=False)


ALTERNATIVES: dict[str, Callable[[Path, Path], None]] = {
    "ours": ours,
    "tables": lambda history, work: with_duckdb(history, work, listens=True),
    "counts": lambda history, work: with_duckdb(history, work, listens=False),
    "pandas": with_pandas,
}


def run_alone(name: str, history: Path) -> Measured:
    """Run one alternative in a process of its own, in an empty folder."""
    work = Path(tempfile.mkdtemp())
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, "--child", name, history, work])
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    rmtree(work)
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return Measured(seconds, usage.ru_maxrss * 1024)


def main() -> None:
    """Make a demo world of the size asked for, unless a file is given, and time all on it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--listens", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--history", type=Path, help="a file that is there, such as a demo world's")
    parser.add_argument("--only", nargs="+", default=list(ALTERNATIVES), choices=ALTERNATIVES)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        history = options.history or _make(Path(folder), options.listens)
        figures = compare_measured(
            {name: lambda name=name: run_alone(name, history) for name in options.only},
            options.rounds,
        )
    title = f"{options.listens:,} listens, CSV to play counts and unique songs"
    report(title, figures, ["polars", "duckdb", "pandas"], options.json)


def _make(folder: Path, listens: int) -> Path:
    size = DemoConfig(users=max(listens // 1_000, 1), songs=max(listens // 20, 20), listens=listens)
    return write_demo(folder, folder, size).history


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        ALTERNATIVES[sys.argv[2]](Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
