"""What came back from a service, before anybody knows what it means."""

import json
from dataclasses import dataclass
from typing import Any

_OVERLOADED = frozenset({408, 425, 429})


class TryAgain(Exception):  # noqa: N818 - an instruction, not an error
    """An answer that cannot be used, where the same question may get a better one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status, and the JSON that came with it; None where that is no JSON.

    `pause` is how many seconds it asks to be left alone for; None where it does not say.
    """

    status: int
    document: Any
    pause: float | None = None

    def refuse_trouble(self) -> None:
        """Raise `TryAgain` for what passes by: an overloaded server, a page of something else."""
        if self.status in _OVERLOADED or self.status >= 500:
            raise TryAgain(f"HTTP {self.status}")
        if self.status == 200 and not isinstance(self.document, dict):
            raise TryAgain("an answer that is not the expected JSON")


def parse(body: bytes) -> Any:
    """The JSON of a body, or None."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
