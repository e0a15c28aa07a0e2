"""One listener's plays as a file of each format that is recognised."""

import csv
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2023, 5, 1, 12, 0, 30, tzinfo=UTC)
Play = tuple[str, datetime]
Write = Callable[[Path, Sequence[Play]], Path]


def plays(count: int, first: int = 0, minutes: float = 3) -> list[Play]:
    """One song every three minutes, a few songs in turn."""
    return [
        (f"Song {number % 7}", START + timedelta(minutes=minutes * number))
        for number in range(first, first + count)
    ]


def minute_csv(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["utc_time", "artist", "album", "track"])
        writer.writerows([f"{at:%d %b %Y, %H:%M}", "Abba", "Al", title] for title, at in played)
    return path


def seconds_csv(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["uts", "utc_time", "artist", "track"])
        writer.writerows([int(at.timestamp()), "", "ABBA", title] for title, at in played)
    return path


def extended_json(path: Path, played: Sequence[Play], ms: int = 174_674) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    items = [
        {
            "ts": f"{at + timedelta(milliseconds=ms):%Y-%m-%dT%H:%M:%SZ}", "ms_played": ms,
            "master_metadata_track_name": title, "master_metadata_album_artist_name": "Abba",
            "master_metadata_album_album_name": "Al",
            "spotify_track_uri": f"spotify:track:{title[-1:] * 22}",
            "reason_end": "trackdone", "skipped": False, "incognito_mode": False,
        }
        for title, at in played
    ]  # fmt: skip
    path.write_text(json.dumps(items))
    return path


def basic_json(path: Path, played: Sequence[Play], ms: int = 174_674) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    items = [
        {
            "endTime": f"{at + timedelta(milliseconds=ms):%Y-%m-%d %H:%M}", "msPlayed": ms,
            "artistName": "Abba", "trackName": title,
        }
        for title, at in played
    ]  # fmt: skip
    path.write_text(json.dumps(items))
    return path


def jsonl(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"listened_at": int(at.timestamp()),
         "track_metadata": {"artist_name": "Abba", "track_name": title, "release_name": "Al"}}
        for title, at in played
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def fetched_jsonl(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        {"user": "anna", "artist": "Abba", "title": title, "album": "Al", "spotify_id": None,
         "listened_at": int(at.timestamp()), "source": "lastfm"}
        for title, at in played
    ]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def headerless_csv(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = (["Abba", "Al", title, f"{at:%d %b %Y %H:%M}"] for title, at in played)
        csv.writer(file).writerows(rows)
    return path


def lastfm_1k_tsv(path: Path, played: Sequence[Play]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = (f"anna\t{at:%Y-%m-%dT%H:%M:%SZ}\t\tAbba\t\t{title}\n" for title, at in played)
    path.write_text("".join(rows))
    return path


WRITERS: dict[str, Write] = {
    "minute.csv": minute_csv,
    "seconds.csv": seconds_csv,
    "headerless.csv": headerless_csv,
    "1k.tsv": lastfm_1k_tsv,
    "extended.json": extended_json,
    "basic.json": basic_json,
    "listens.jsonl": jsonl,
    "fetched.jsonl": fetched_jsonl,
}
"""By a name for the file: a writer at least for each of `FORMATS`."""
