"""What a refresh costs after one listen in a hundred is new, and whether it recommends as well.

A made-up history is cut in time: all but the newest listens are run from nothing, then the newest
come as a second file and the same folder is run again (the refresh). Beside it both files are run
from nothing, which is what the refresh spares. Both recommend ten songs to each listener, and are
asked for what these played for the first time in listens that are later still, which neither has
seen. Then the refreshed folder learns everything anew (`recsys run --full`): its evaluation
compares, on the same models and listeners, the ranker that was kept with the new one.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

TEN = 10


def main() -> None:
    """Make the world, run the three ways, and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=2_000)
    parser.add_argument("--songs", type=int, default=30_000)
    parser.add_argument("--listens", type=int, default=1_500_000)
    parser.add_argument("--new", type=float, default=0.01, help="share of the listens that is new")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        size = ["--users", options.users, "--songs", options.songs, "--listens", options.listens]
        recsys("demo", *map(str, size), "--out", str(room / "world"))
        raw = room / "world" / "Last.fm_data.csv"
        rest, later = cut(pl.read_csv(raw, infer_schema=False), options.new)
        before, after = cut(rest, options.new)
        refreshed, anew = room / "refreshed", room / "anew"
        give(refreshed, room / "world", {"history.csv": before})
        figures: dict[str, Any] = {"first": run(refreshed)}
        give(refreshed, room / "world", {"newest.csv": after})
        figures["refresh"] = run(refreshed)
        give(anew, room / "world", {"history.csv": before, "newest.csv": after})
        figures["anew"] = run(anew)
        figures["same of ten"] = alike(refreshed, anew)
        wanted = played_later(anew, room / "later", later)
        found = {folder.name: ndcg(folder, wanted) for folder in (refreshed, anew)}
        figures["ndcg@10 later"] = {name: float(np.mean([*one.values()]))
                                    for name, one in found.items()}  # fmt: skip
        figures["refreshed less anew"] = apart(found["refreshed"], found["anew"])
        figures["full"] = run(refreshed, "--full")
        released = evaluation(refreshed)["released"]
        figures["new ranker less kept"] = released and released["difference"]["ndcg@10"]
    figures["ratio"] = figures["refresh"]["seconds"] / figures["anew"]["seconds"]
    show(figures)
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1) + "\n")


def cut(table: pl.DataFrame, share: float) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A history without its newest listens, and those."""
    moment = (pl.col("Date") + pl.col("Time")).str.to_datetime("%d %b %Y %H:%M")
    ordered = table.sort(moment, maintain_order=True)
    new = round(share * ordered.height)
    return ordered.head(-new), ordered.tail(new)


def give(data: Path, world: Path, files: dict[str, pl.DataFrame]) -> None:
    """Put history files, and the world's catalogue, into a data folder."""
    for room in ("history", "features"):
        (data / "raw" / room).mkdir(parents=True, exist_ok=True)
    for name, table in files.items():
        table.write_csv(data / "raw" / "history" / name)
    catalogue = world / "demo_audio_features.csv"
    (data / "raw" / "features" / catalogue.name).write_bytes(catalogue.read_bytes())


def run(data: Path, *options: str) -> dict[str, Any]:
    """`recsys run` on a data folder: seconds altogether and by stage."""
    started = time.monotonic()
    said = json.loads(recsys("run", *options, "--data-dir", str(data), "--json"))
    return {
        "seconds": round(time.monotonic() - started, 2),
        "stages": said["seconds"],
        "done": said["stages_done"],
    }


def recsys(*arguments: str) -> str:
    """The command's standard output; ends the benchmark where it fails."""
    command = [sys.executable, "-m", "recsys_dagster.cli", *arguments]
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def recommended(data: Path) -> pl.DataFrame:
    """The ten best songs of each listener: user, song_key, rank."""
    tables = data / "tables"
    songs = pl.read_parquet(tables / "songs.parquet", columns=["song_id", "song_key"])
    found = pl.read_parquet(tables / "user_recommendations.parquet").filter(pl.col("rank") <= TEN)
    return found.join(songs, on="song_id").select("user", "song_key", "rank")


def alike(one: Path, other: Path) -> float:
    """Of each listener's ten songs, how many are the same in both folders, on average."""
    first, second = recommended(one), recommended(other)
    return first.join(second, on=["user", "song_key"]).height / first["user"].n_unique()


def ndcg(data: Path, later: pl.DataFrame) -> dict[str, float]:
    """NDCG@10 of each listener's ten songs on the new songs that they played later."""
    hits = recommended(data).join(later, on=["user", "song_key"])
    gains = hits.group_by("user").agg(gain=(1 / (pl.col("rank") + 1).log(2)).sum())
    wanted = later.group_by("user").len().join(gains, on="user", how="left")
    wanted = wanted.with_columns(pl.col("gain").fill_null(0.0))
    best = np.cumsum(1 / np.log2(np.arange(2, TEN + 2)))
    of = wanted["gain"].to_numpy() / best[np.minimum(wanted["len"].to_numpy(), TEN) - 1]
    return dict(zip(wanted["user"].to_list(), of.tolist(), strict=True))


def played_later(data: Path, room: Path, later: pl.DataFrame) -> pl.DataFrame:
    """Who played which song in the listens after all others, for the first time: user, song_key."""
    give(room, room.parent / "world", {"later.csv": later})
    recsys("run", "--data-dir", str(room))
    keys = ["user", "song_key"]
    table = pl.read_parquet(room / "tables" / "interactions.parquet", columns=keys)
    known = pl.read_parquet(data / "tables" / "songs.parquet", columns=["song_key"])
    before = pl.read_parquet(data / "tables" / "interactions.parquet", columns=keys)
    return table.join(known, on="song_key", how="semi").join(before, on=keys, how="anti")


def apart(one: dict[str, float], other: dict[str, float]) -> dict[str, Any]:
    """Mean of one less the other over the listeners, with its 95 % bootstrap interval."""
    less = np.array([one[user] - other[user] for user in sorted(one)])
    drawn = np.random.default_rng(0).integers(0, len(less), (2_000, len(less)))
    interval = np.quantile(less[drawn].mean(axis=1), [0.025, 0.975])
    return {"mean": float(less.mean()), "interval": interval.tolist(), "listeners": len(less)}


def evaluation(data: Path) -> dict[str, Any]:
    """The figures of the evaluation."""
    document: dict[str, Any] = json.loads((data / "evaluation" / "evaluation.json").read_text())
    return document


def show(figures: dict[str, Any]) -> None:
    """Print it as a table by stage."""
    ways = ("anew", "refresh", "full")
    sys.stdout.write(f"{'stage':24}" + "".join(f"{way:>10}" for way in ways) + "\n")
    for stage in figures["anew"]["stages"]:
        taken = (figures[way]["stages"].get(stage, 0.0) for way in ways)
        sys.stdout.write(f"{stage:24}" + "".join(f"{one:10.1f}" for one in taken) + "\n")
    whole = (figures[way]["seconds"] for way in ways)
    sys.stdout.write(f"{'altogether':24}" + "".join(f"{one:10.1f}" for one in whole) + "\n")
    sys.stdout.write(f"refresh / anew: {figures['ratio']:.3f}\n")
    for name in ("same of ten", "ndcg@10 later", "refreshed less anew", "new ranker less kept"):
        sys.stdout.write(f"{name}: {figures[name]}\n")


if __name__ == "__main__":
    main()
