"""How often the careful step of the catalogue source is right, on real listens.

python -m recsys_dagster_tests.audio.precision [--show]

Takes the songs of the real histories, looks them up in the real catalogue, and joins the matches
with labels made by hand: "same" where the two names tell of the same recording (mono, stereo and
remasters are the same; another edit, version, guest or performer is not), "other" otherwise, and
where in doubt. `labels.json` holds hashes of the pairs, as no listener's history may be committed;
`--show` prints the pairs that it is about.
"""

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from rapidfuzz import fuzz, process

from recsys_dagster.audio.catalogue_alike import with_parts
from recsys_dagster.audio.sources import CatalogueSource
from recsys_dagster.listening.interactions import count_interactions
from recsys_dagster.listening.listens import scan_listens, sync_listens
from recsys_dagster.listening.songs import unique_songs
from recsys_dagster.storage.tables import read_table, scan_table, write_table
from recsys_dagster_tests.real_data import real_data

LABELS = Path(__file__).with_name("labels.json")
NEAR = 75
"""Titles of one artist this similar (in percent) that do not match are near misses."""
SAMPLE = 300


@dataclass(frozen=True)
class Precision:
    """Songs by step, and how the labels judge the step's matches and near misses."""

    songs: int
    by_step: dict[str, int]
    matches: Counter[str]
    near_misses: Counter[str]
    within: Counter[str]

    @property
    def precision(self) -> float:
        """The share of "same" among the labelled matches."""
        both = self.matches + self.within
        return both["same"] / max(both["same"] + both["other"], 1)

    @property
    def recall(self) -> float:
        """The share of matches among all pairs labelled "same"."""
        return self.matches["same"] / max(self.matches["same"] + self.near_misses["same"], 1)


def listened_songs() -> pl.DataFrame:
    """The songs of all real histories."""
    data = real_data("README.md").parent
    listening = (data / "lastfm", data / "spotify_export")
    files = [file for folder in listening for file in sorted(folder.rglob("*.[cj]s*"))]
    with TemporaryDirectory() as folder:
        work = Path(folder)
        sync_listens(files, data, work / "listens", work / "readings")
        interactions, songs = work / "interactions.parquet", work / "songs.parquet"
        write_table(count_interactions(scan_listens(work / "listens")), interactions)
        write_table(unique_songs(scan_table(interactions)), songs)
        return read_table(songs)


def real_source() -> CatalogueSource:
    """The real catalogue."""
    return CatalogueSource({real_data("audio_features", "song_audio_features.csv"): "real"})


def pairs_of(matches: pl.DataFrame, songs: pl.DataFrame, source: CatalogueSource) -> pl.DataFrame:
    """The names on both sides of matches, and the hash by which the pair is labelled."""
    names = ["song_key", "artist", "title"]
    both = matches.join(songs.select("song_id", *names), on="song_id").join(
        source.rows.select("row", *names), on="row", suffix="_catalogue"
    )
    keys = both.select("song_key", "song_key_catalogue").iter_rows()
    return both.with_columns(pl.Series("pair", [pair_hash(*pair) for pair in keys], pl.String))


def pair_hash(song: str, row: str) -> str:
    """What stands for a pair of song keys in the labels."""
    return hashlib.sha256(f"{song}|{row}".encode()).hexdigest()[:16]


def near_misses(songs: pl.DataFrame, source: CatalogueSource) -> pl.DataFrame:
    """Pairs of one artist whose titles look alike, of songs that no step has found."""
    rows = source.rows.unique("song_key", keep="first", maintain_order=True)
    wanted, there = with_parts(songs), with_parts(rows)
    of_artist = {artist: group for (artist,), group in there.group_by("folded")}
    found: list[tuple[int, int]] = []
    for (artist,), group in wanted.group_by("folded"):
        if artist in of_artist:
            found += _alike(group, of_artist[artist])
    schema = {"song_id": pl.Int32, "row": pl.UInt32}
    return pl.DataFrame(found, schema=schema, orient="row").unique().sort("song_id", "row")


def _alike(songs: pl.DataFrame, rows: pl.DataFrame) -> Iterable[tuple[int, int]]:
    titles = (songs["words"].to_list(), rows["words"].to_list())
    near = process.cdist(*titles, scorer=fuzz.ratio, score_cutoff=NEAR).nonzero()
    return [(songs["song_id"][int(i)], rows["row"][int(j)]) for i, j in zip(*near, strict=True)]


def within(source: CatalogueSource) -> pl.DataFrame:
    """`SAMPLE` of the pairs of catalogue songs that the step takes for one recording."""
    rows = source.rows.unique("song_key", keep="first", maintain_order=True)
    songs = rows.select("song_key", "artist", "title", song_id="row")
    scored = source.alike.score(songs).filter(pl.col("song_id") < pl.col("row"))
    pairs = pairs_of(scored, songs, source)
    # A row stands under all its artists and under the first; that is no second row.
    twice = pl.col("title") == pl.col("title_catalogue")
    twice &= pl.col("artist").str.replace(",.*", "") == pl.col("artist_catalogue")
    return pairs.filter(~twice).unique("pair", maintain_order=True).sort("pair").head(SAMPLE)


def measure(*, show: bool = False) -> Precision:
    """Match, join with the labels and count; "unlabelled" is counted too."""
    labels: dict[str, str] = json.loads(LABELS.read_text(encoding="utf-8"))
    songs, source = listened_songs(), real_source()
    found = source.match(songs)
    alike = pairs_of(found.filter(step="alike"), songs, source)
    missed = pairs_of(
        near_misses(songs.join(found, on="song_id", how="anti"), source), songs, source
    )
    inside = within(source)
    for title, pairs in (("matches", alike), ("near misses", missed), ("within", inside)):
        if show:
            _show(title, pairs, labels)
    return Precision(
        songs.height,
        dict(found.group_by("step").len().sort("step").rows()),
        Counter(labels.get(pair, "unlabelled") for pair in alike["pair"]),
        Counter(labels.get(pair, "unlabelled") for pair in missed["pair"].unique()),
        Counter(labels.get(pair, "unlabelled") for pair in inside["pair"]),
    )


def _show(title: str, pairs: pl.DataFrame, labels: dict[str, str]) -> None:
    print(f"\n{title}")  # noqa: T201
    for row in pairs.iter_rows(named=True):
        names = (row["artist"], row["title"], row["artist_catalogue"], row["title_catalogue"])
        print(row["pair"], labels.get(row["pair"], "?"), " | ".join(names))  # noqa: T201


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description="Precision of the careful step")
    parser.add_argument("--show", action="store_true", help="print the pairs and their labels")
    result = measure(show=parser.parse_args().show)
    for step, count in result.by_step.items():
        print(f"{step:10} {count:6,} of {result.songs:,} songs, {count / result.songs:.2%}")  # noqa: T201
    print(f"matches of the careful step: {dict(result.matches)}")  # noqa: T201
    print(f"sample of pairs within the catalogue: {dict(result.within)}")  # noqa: T201
    print(f"near misses: {dict(result.near_misses)}")  # noqa: T201
    print(f"precision {result.precision:.4f}, recall {result.recall:.4f}")  # noqa: T201


if __name__ == "__main__":
    main()
