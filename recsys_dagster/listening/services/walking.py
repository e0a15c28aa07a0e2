"""From one page to the next, backwards in time, so that no listen is missed or taken twice.

A page may end in the middle of a second: there may be more listens of that second than the page
holds. So the last second of a page is left for the next page, which begins with all of it. A
page that holds one second only is taken whole; what of that second did not fit is asked for by
page number, where a service has such numbers, and is otherwise out of reach.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from recsys_dagster.errors import RecsysError
from recsys_dagster.listening.services.base import Bounds, Heard, Listen, Page, time_or_none

_SURELY_WHOLE = 25
"""No service cuts a page below this; so fewer listens, at the end of all, are all there are."""


@dataclass(frozen=True, slots=True)
class Step:
    """What to keep of a page, what to ask for next (None: all is there), and what to say."""

    listens: tuple[Listen, ...]
    next: Bounds | None
    note: str | None = None


def settle(bounds: Bounds, page: Page, *, numbered: bool) -> Step:
    """Decide what to do with the page that came for `bounds`.

    Parameters
    ----------
    bounds
        What was asked for.
    page
        What came.
    numbered
        Whether the service has page numbers.

    Raises
    ------
    RecsysError
        Nothing on the page is within the bounds.
    """
    heard = _within(page.heard, bounds)
    if page.last or not page.heard or _reached_known(page.heard, bounds):
        return _step(heard, None)
    if not heard and not numbered:
        raise RecsysError(
            "The service answers with other listens than it is asked for, so there is no going "
            "on. What was fetched is kept: run it again later to go on from there."
        )
    edge = heard[-1].at if heard else (bounds.before or 0) - 1
    newer = [one for one in heard if one.at > edge]
    if newer:
        return _step(newer, Bounds(edge + 1, bounds.since))
    if numbered:
        before = edge + 1 if bounds.before is None else bounds.before
        return _step(heard, Bounds(before, bounds.since, bounds.page + 1))
    return _past_a_second(edge, heard, bounds, page)


def _within(heard: tuple[Heard, ...], bounds: Bounds) -> list[Heard]:
    """The listens that were asked for, should a service see its bounds otherwise."""
    return [
        one
        for one in heard
        if (bounds.before is None or one.at < bounds.before)
        and (bounds.since is None or one.at >= bounds.since)
    ]


def _reached_known(heard: tuple[Heard, ...], bounds: Bounds) -> bool:
    return bounds.since is not None and any(one.at < bounds.since for one in heard)


def _past_a_second(edge: int, heard: list[Heard], bounds: Bounds, page: Page) -> Step:
    known = [at for at in (page.oldest, bounds.since) if at is not None]
    at_the_end = edge <= max(known, default=0)
    whole = len(page.heard) == 1 or (at_the_end and len(page.heard) < _SURELY_WHOLE)
    note = None
    if not whole:
        note = (
            f"At {_shown(edge)} there are as many listens in one second as fit into a page "
            f"({len(page.heard):,}); if there are more of them, they are missing."
        )
    return _step(heard, None if at_the_end else Bounds(edge, bounds.since), note)


def _step(heard: list[Heard], following: Bounds | None, note: str | None = None) -> Step:
    return Step(tuple(one.listen for one in heard), following, note)


def _shown(at: int) -> str:
    known = time_or_none(at)
    return "an unknown time" if known is None else f"{datetime.fromtimestamp(known, UTC):%F %T} UTC"
