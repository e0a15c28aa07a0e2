"""Histories for tests, written as a Last.fm CSV."""

import csv
import random
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from recsys_dagster import identity

HEADER = ("", "Username", "Artist", "Track", "Album", "Date", "Time")
Listen = tuple[str, str, str]
SONGS: tuple[tuple[str, str], ...] = (
    ("Abba", "One"), ("ABBA", "one"), ("abba ", "One - Remastered 2009"), ("Abba", "One (Live)"),
    ("Björk", "Two"), ("Bjo\u0308rk", "Two (feat. X)"), ("Cher, C", 'Three "3"'), ("Dé", "True"),
)  # fmt: skip


@cache
def key_of(artist: str, title: str) -> str:
    """`identity.key_of`, worked out once a song: a recount asks for it for each listen."""
    return identity.key_of(artist, title)


def listens(seed: int, count: int) -> list[Listen]:
    """Listener, artist and title."""
    rng = random.Random(seed)
    return [(rng.choice("uvw"), *rng.choice(SONGS)) for _ in range(count)]


def write_history(path: Path, played: Sequence[Listen], day: int = 1) -> Path:
    """Write listens, one a minute."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for number, (user, artist, title) in enumerate(played):
            time = f" {number // 60 % 24:02d}:{number % 60:02d}"
            writer.writerow([number, user, artist, title, "Al", f"{day:02d} Jan 2021", time])
    return path
