"""What a listening service is, and what comes back from one."""

from dataclasses import asdict, dataclass
from typing import Any, Protocol

from recsys_dagster.listening.formats.times import SET_SINCE
from recsys_dagster.web.session import Web

FIRST_TIME = int(SET_SINCE.timestamp())
LAST_TIME = 253_402_300_799
"""The end of the year 9999."""


@dataclass(frozen=True, slots=True)
class Listen:
    """One listen as it goes into a file; `listened_at` is in unix seconds, None where unknown."""

    user: str
    artist: str
    title: str
    album: str | None
    listened_at: int | None
    spotify_id: str | None
    source: str

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Heard:
    """A listen, and the time by which the service sorts it, whatever that time is worth."""

    at: int
    listen: Listen


@dataclass(frozen=True, slots=True)
class Bounds:
    """What to ask for: times in `since <= time < before`, newest first.

    `page` counts from 1 and is used only within one and the same `before`, which lies in the
    past: new listens do not shift such pages.
    """

    before: int | None
    since: int | None
    page: int = 1


@dataclass(frozen=True, slots=True)
class Page:
    """An answer.

    Attributes
    ----------
    heard
        Newest first; what is playing now is not among them.
    last
        The service says that there is nothing older within the bounds.
    oldest
        The time of the user's first listen, where the service tells it.
    total
        The listens within the bounds, where the service tells it.
    """

    heard: tuple[Heard, ...]
    last: bool
    oldest: int | None = None
    total: int | None = None


class Service(Protocol):
    """A service that keeps listening histories."""

    name: str
    """As it stands in commands and in paths."""
    title: str
    """As people write it."""
    numbered: bool
    """Whether a page can be asked for by its number within the same bounds."""
    page_size: int
    """Listens that are asked for at a time."""
    web: Web

    def page(self, user: str, bounds: Bounds) -> Page:
        """The newest listens within bounds.

        Raises
        ------
        RecsysError
            The service refuses, or does not answer; one line that says why.
        """

    def count(self, user: str) -> int | None:
        """How many listens a user has, where the service tells that apart from the pages."""

    def close(self) -> None:
        """Let go of the connections."""


def time_or_none(at: int) -> int | None:
    """A time that can be one, or None."""
    return at if FIRST_TIME <= at <= LAST_TIME else None


def text(value: Any) -> str:
    """Text of a service, fit for a file: lone halves of characters would not be UTF-8."""
    return str(value).encode("utf-8", "replace").decode() if isinstance(value, str | int) else ""
