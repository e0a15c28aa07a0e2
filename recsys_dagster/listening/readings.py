"""What a history file held, and how that is said in words."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Remark:
    """How many rows something is true of, the first such line and what stands there."""

    count: int
    first_line: int
    example: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What a history file held: rows = listens + all that was left out.

    Attributes
    ----------
    listener
        Whose history it is, or `None` where the rows say so themselves.
    left_out, notes
        By reason; notes are about listens that were kept, such as those without a time.
    rank, slack
        As the format says.
    resolution
        Seconds by which times are apart: 60 where all are whole minutes, else 1.
    """

    file: str
    format: str
    rows: int
    listens: int
    listener: str | None = None
    left_out: dict[str, Remark] = field(default_factory=dict)
    notes: dict[str, Remark] = field(default_factory=dict)
    rank: int = 0
    slack: int = 0
    resolution: int = 1

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Reading":
        """From JSON."""
        remarks = {
            kind: {reason: Remark(**remark) for reason, remark in document[kind].items()}
            for kind in ("left_out", "notes")
        }
        return cls(**{**document, **remarks})

    def sentences(self) -> list[str]:
        """Each reason and note in words, with the file and the first line."""
        return sentences_about([self])


def sentences_about(readings: Sequence[Reading]) -> list[str]:
    """Each reason and note in words, summed over the files, with the first file and line."""
    totals: dict[tuple[str, str], list[tuple[Reading, Remark]]] = {}
    for reading in readings:
        for remarks, verdict in (
            (reading.left_out, "left out"),
            (reading.notes, "kept without a time"),
        ):
            for reason, remark in remarks.items():
                totals.setdefault((reason, verdict), []).append((reading, remark))
    return [_sentence(reason, verdict, found) for (reason, verdict), found in totals.items()]


def _sentence(reason: str, verdict: str, found: Sequence[tuple[Reading, Remark]]) -> str:
    reading, first = found[0]
    count = sum(remark.count for _, remark in found)
    more = len(found) - 1
    others = f" and {more:,} more {'file' if more == 1 else 'files'}" if more else ""
    example = f" ({first.example!r})" if first.example else ""
    rows = "row" if count == 1 else "rows"
    where = f"{reading.file}, line {first.first_line}{others}"
    return f"{where}: {reason}{example}; {count:,} {rows} {verdict}"
