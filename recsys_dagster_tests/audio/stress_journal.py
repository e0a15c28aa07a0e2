"""Which requests came when, which were answered, and which were asked again for nothing."""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from recsys_dagster.audio.sources import reccobeats_asking, spotify_lookups
from recsys_dagster_tests.audio.fake_reccobeats import questions_of
from recsys_dagster_tests.serving import Asked, FakeService, Fault


@dataclass(frozen=True, slots=True)
class Entry:
    """A request: when it came by the clock of the run, its questions, whether it was answered."""

    at: float
    questions: tuple[tuple[str, ...], ...]
    answered: bool


@dataclass
class Journal:
    """All requests to the services in the order in which they came.

    Attributes
    ----------
    offset
        By how much the clock of the run is ahead.
    under_way
        Which requests were the last before a kill.
    """

    entries: list[Entry] = field(default_factory=list)
    offset: float = 0
    under_way: set[int] = field(default_factory=set)

    def follow(self, name: str, service: FakeService, faults: Sequence[Fault | None]) -> None:
        """Write down what comes in at a service, and let it go wrong as planned."""
        service.faults.extend(faults)

        def note(count: int) -> None:
            answered = count > len(faults) or faults[count - 1] is None
            asked = _questions(name, service.asked[count - 1])
            self.entries.append(Entry(time.time() + self.offset, asked, answered))

        service.before_answer = note

    def lost(self) -> int:
        """How many requests a kill cost: answered, and asked again."""
        return len(self._repeats(set())) - len(self.repeats())

    def repeats(self) -> list[tuple[str, ...]]:
        """Questions asked again while their answer was good, but for what a kill cost."""
        return self._repeats(self.under_way)

    def _repeats(self, forgiven: set[int]) -> list[tuple[str, ...]]:
        good_until: dict[tuple[str, ...], float] = defaultdict(float)
        found = []
        for number, entry in enumerate(self.entries):
            again = [one for one in entry.questions if entry.at < good_until[one]]
            found += again[:1]
            if entry.answered and number not in forgiven:
                for one in entry.questions:
                    good_until[one] = entry.at + _KEPT[one[0]]
        return found


_KEPT = {
    "reccobeats": reccobeats_asking.MISSED_FOR,
    "search": spotify_lookups.MATCHES_KEPT,
    "audio-features": spotify_lookups.FEATURES_KEPT,
}
"""Seconds for which an answer is good, by the first word of its question."""


def _questions(name: str, asked: Asked) -> tuple[tuple[str, ...], ...]:
    """What a request asks; tokens are not asked for by a song."""
    if name == "reccobeats":
        return tuple(("reccobeats", *one) for one in questions_of([asked]))
    if name == "spotify" and asked.path[-1] == "search":
        return (("search", asked.params["q"]),)
    if name == "spotify":
        return tuple(("audio-features", one) for one in asked.params["ids"].split(","))
    return ()
