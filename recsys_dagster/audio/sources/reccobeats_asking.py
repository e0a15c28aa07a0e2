"""Asks ReccoBeats each question once: what it has answered is kept before the next one goes out."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from recsys_dagster.audio.answers import Answers
from recsys_dagster.audio.sources.base import BLOCKED, ERROR
from recsys_dagster.audio.sources.reccobeats_client import (
    MOST_IDS,
    Page,
    ReccobeatsClient,
    RefusedError,
    Track,
)
from recsys_dagster.audio.sources.reccobeats_titles import may_be
from recsys_dagster.web.limits import Clock
from recsys_dagster.web.session import ServiceDownError

NAME = "reccobeats"
DAY = 86_400.0
FOUND_FOR, MISSED_FOR, REFUSED_FOR = 180 * DAY, 30 * DAY, DAY
DOWN_FOR, LONGEST_BLOCK = 3_600.0, 7 * DAY
_MOST_REFUSED = 5
_REFUSED = "refused"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was not answered: blocked or error, until when, and in a few words."""

    status: str
    until: float
    problem: str


@dataclass(frozen=True, slots=True)
class Told:
    """An answer that is kept until a time: `value`, None for nothing, or a refusal."""

    value: Any
    until: float
    refused: bool = False


class Asking:
    """ReccoBeats with a memory.

    A question that fails is left for another day. After two in a row, the second of which has
    a single try, nothing more is asked: the service is down, and the run should end.

    Parameters
    ----------
    client
        Asks the service.
    answers
        Its answers so far.
    clock
        The time.

    Attributes
    ----------
    trouble
        The last that happened; None where there was none.
    """

    def __init__(self, client: ReccobeatsClient, answers: Answers, clock: Clock = time) -> None:
        self._client, self._answers, self._clock = client, answers, clock
        self._stopped = self._has_failed = False
        self._refusals = 0
        self.trouble: Trouble | None = None
        if block := answers.blocked_until(NAME):
            self._stop(Trouble(BLOCKED, *block))

    def features(self, ids: Sequence[str]) -> dict[str, Told]:
        """What is known of ids now, each asked for if need be; without what got no answer.

        The value is None where the service does not know the id.
        """
        wanted = list(dict.fromkeys(ids))
        known = self._answers.known("features", wanted)
        missing = [one for one in wanted if one not in known]
        for start in range(0, len(missing), MOST_IDS):
            self._ask_features(missing[start : start + MOST_IDS])
        return self._told("features", wanted)

    def search(self, questions: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Told]:
        """The pages of searches by title key and page number, as `features`; values are `Page`."""
        keys = {f"{page} {title}": (title, page) for title, page in questions}
        known = self._answers.known("search", list(keys))
        for key, (title, page) in keys.items():
            if key not in known:
                self._search(key, title, page)
        return {
            keys[key]: Told(None if one.refused else _page(one.value), one.until, one.refused)
            for key, one in self._told("search", list(keys)).items()
        }

    def matches(self, kind: str, song_keys: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
        """The matches of songs that were found earlier."""
        return self._answers.known(kind, song_keys)

    def keep_matches(self, kind: str, matches: dict[str, list[tuple[str, float]]]) -> None:
        """Remember matches longer than the searches: who is found is not searched again."""
        self._answers.keep(kind, matches, FOUND_FOR)

    def _search(self, key: str, title: str, page: int) -> None:
        found = self._ask(lambda tries: self._client.search(title, page, tries))
        if isinstance(found, RefusedError):
            self._answers.keep("search", {key: _REFUSED}, REFUSED_FOR)
        elif found is not None:
            tracks = [track for track in found.tracks if may_be(title, track.title)]
            answer = {"tracks": tracks, "more": found.more}
            self._answers.keep("search", {key: answer}, MISSED_FOR)

    def _ask_features(self, ids: Sequence[str]) -> None:
        found = self._ask(lambda tries: self._client.features(ids, tries))
        if isinstance(found, RefusedError):
            self._answers.keep("features", dict.fromkeys(ids, _REFUSED), REFUSED_FOR)
        elif found is not None:
            self._answers.keep("features", {one: f for one, f in found.items() if f}, FOUND_FOR)
            missed = {one: found.get(one) for one in ids if not found.get(one)}
            self._answers.keep("features", missed, MISSED_FOR)

    def _told(self, kind: str, keys: Sequence[str]) -> dict[str, Told]:
        known, until = self._answers.known(kind, keys), self._answers.expiry(kind, keys)
        return {key: Told(one, until[key], one == _REFUSED) for key, one in known.items()}

    def _ask(self, ask: Callable[[int | None], T]) -> T | RefusedError | None:
        """An answer, a refusal, or None where there was no answer."""
        if self._stopped:
            return None
        try:
            answer = ask(1 if self._has_failed else None)
        except ServiceDownError as error:
            self._note_failure(error)
            return None
        except RefusedError as refusal:
            self._note_refusal(str(refusal))
            return refusal
        self._has_failed, self._refusals = False, 0
        return answer

    def _note_failure(self, error: ServiceDownError) -> None:
        now = self._clock.time()
        if error.pause is not None:
            until = now + min(error.pause, LONGEST_BLOCK)
            self._answers.block(NAME, until, error.problem)
            self._stop(Trouble(BLOCKED, until, error.problem))
            return
        self.trouble = Trouble(ERROR, now + DOWN_FOR, error.problem)
        self._stopped, self._has_failed = self._has_failed, True

    def _note_refusal(self, problem: str) -> None:
        """Several in a row are not about the questions: the address may be another service's."""
        self._refusals += 1
        self.trouble = Trouble(ERROR, self._clock.time() + DOWN_FOR, problem)
        self._stopped = self._refusals >= _MOST_REFUSED

    def _stop(self, trouble: Trouble) -> None:
        self.trouble, self._stopped = trouble, True


def _page(value: Any) -> Page:
    return Page([Track(*track) for track in value["tracks"]], value["more"])
