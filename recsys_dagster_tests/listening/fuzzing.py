"""Damages histories of every format at random, and looks for tracebacks and silent losses.

python -m recsys_dagster_tests.listening.fuzzing --minutes 10 [--seed N]

What must hold, whatever the file has become: it is read or refused in words; rows = listens +
rows left out by reason; the table has as many rows as the reading says; and what lies outside
the damage is still there, as far as the damage can reach.
"""

import argparse
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.reading import read_history
from recsys_dagster_tests.listening import test_delimited as tables
from recsys_dagster_tests.listening import writers as sources

RECORDS = 60
NAMES = (
    "Abba", "Björk", "مرحبا بالعالم", "初音ミク", "a\u202eb", "O'Brien", 'The "X"', "x,y", "é" * 40,
)  # fmt: skip
REACH = 12
"""Records that one damage may cost: an open quote can take a row of some lines with it."""
NASTY = (b'"', b'""', b"\0", b"\r", b"\n", b",", b"\t", b"{", b"}", b"[", b"]", b"\\", b"\\ud800",
         b"\xff\xfe", b"\xc3", b"null", b"1e999", b"\xef\xbf\xbd", "\u2028".encode())  # fmt: skip

Write = Callable[[random.Random], bytes]
Damage = Callable[[bytes, random.Random], tuple[bytes, int | None]]
"""Gives the damaged file, and how many records it may have cost; None if any number."""


@dataclass(frozen=True)
class Case:
    """A damaged file, so that it can be told of and made again."""

    format: str
    damage: str
    content: bytes


def table_writer(write: Callable[[list[tables.Listen]], str]) -> Write:
    start = datetime(2022, 1, 1, tzinfo=UTC)

    def made(rng: random.Random) -> bytes:
        listens = [
            ("u", rng.choice(NAMES).replace("\t", " "), f"title {number}", "Al",
             start + timedelta(minutes=number))
            for number in range(RECORDS)
        ]  # fmt: skip
        return write(listens).encode()

    return made


def source_writer(write: sources.Write) -> Write:
    def made(rng: random.Random) -> bytes:
        played = [(f"{rng.choice(NAMES)} {at}", time) for at, time in sources.plays(RECORDS)]
        with TemporaryDirectory() as folder:
            return write(Path(folder) / "file", played).read_bytes()

    return made


IN_TABLES = frozenset({"minute.csv", "seconds.csv", "headerless.csv", "1k.tsv"})
"""What `tables` writes in more shapes."""
WRITERS: dict[str, Write] = {
    **{write.__name__: table_writer(write) for write in tables.SECONDS + tables.MINUTES},
    **{name: source_writer(write) for name, write in sources.WRITERS.items()
       if name not in IN_TABLES},
}  # fmt: skip


def cut(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    return content[: rng.randrange(len(content))], None


def place(content: bytes, rng: random.Random) -> tuple[int, int | None]:
    """Where to do damage, and its reach: the first record tells what the file is."""
    at = rng.randrange(len(content))
    return at, None if at < len(content) // 10 else REACH


def flip(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    at, reach = place(content, rng)
    return content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :], reach


def insert(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    at, reach = place(content, rng)
    return content[:at] + rng.choice(NASTY) + content[at:], reach


def several(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    for _ in range(rng.randrange(2, 12)):
        content = rng.choice((flip, insert))(content, rng)[0]
    return content, None


def remove(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    at, reach = place(content, rng)
    return content[:at] + content[at + rng.randrange(1, 40) :], reach


def reorder(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    lines = content.splitlines(keepends=True)
    rng.shuffle(lines)
    return b"".join(lines), None


def huge_title(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    at = content.find(b"title ", rng.randrange(len(content)))
    letters = rng.choice(("x", "é", "م")).encode() * 1_000_000
    return (content[:at] + letters + content[at:], 0) if at >= 0 else (content, 0)


def encode(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    encoding = rng.choice(("latin-1", "utf-16", "utf-8-sig", "utf-32", "cp1252"))
    return content.decode().encode(encoding, errors="replace"), None


def line_ends(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    end = rng.choice((b"\r\n", b"\n\n", b"\r"))
    return content.replace(b"\n", end), 0 if end == b"\r\n" else None


def repeat(content: bytes, rng: random.Random) -> tuple[bytes, int | None]:
    return content * rng.randrange(2, 4), None


DAMAGES: tuple[Damage, ...] = (
    cut, flip, insert, several, remove, reorder, huge_title, encode, line_ends, repeat,
)  # fmt: skip


def check(case: Case, most_lost: int | None) -> str:
    """Read a damaged file; what became of it, in a word."""
    with TemporaryDirectory() as folder:
        path, out = Path(folder) / "fuzz.txt", Path(folder) / "out.parquet"
        path.write_bytes(case.content)
        try:
            reading = read_history(path, out, "anna")
        except RecsysError as error:
            return check_message(str(error), most_lost)
        listens = pl.read_parquet(out)
    left_out = sum(one.count for one in reading.left_out.values())
    assert reading.rows == reading.listens + left_out, "every row is accounted for"
    assert listens.height == reading.listens, "the table has the listens"
    assert not listens.select("user", "artist", "title").null_count().sum_horizontal().item()
    if most_lost is not None:
        assert listens.height >= RECORDS - most_lost, f"{listens.height} listens are left"
    return "read"


def check_message(message: str, most_lost: int | None) -> str:
    """A refusal is one line of words, and never for damage behind the first record."""
    assert "\n" not in message, "a message is one line"
    assert len(message) < 2_000, "a message is short"
    assert most_lost is None, f"it was refused: {message}"
    return "refused"


def fuzz(rng: random.Random) -> tuple[Case, str]:
    """One file, damaged and read."""
    name, damage = rng.choice(list(WRITERS)), rng.choice(DAMAGES)
    content, most_lost = damage(WRITERS[name](rng), rng)
    case = Case(name, damage.__name__, content)
    try:
        return case, check(case, most_lost)
    except BaseException:
        Path("fuzz-failure.bin").write_bytes(content)
        print(f"\n{name} after {damage.__name__}: the file is in fuzz-failure.bin")  # noqa: T201
        raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng, counts = random.Random(options.seed), Counter[str]()
    until = time.monotonic() + 60 * options.minutes
    while time.monotonic() < until:
        case, outcome = fuzz(rng)
        counts[outcome] += 1
        counts[f"{case.format} {outcome}"] += 1
    for name, count in sorted(counts.items()):
        print(f"{count:8,} {name}")  # noqa: T201


if __name__ == "__main__":
    main()
