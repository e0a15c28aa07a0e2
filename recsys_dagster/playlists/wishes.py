"""What visitors want to save while they are away to sign in: kept here, never in the address.

A visitor comes back in a new session, with nothing but the `state` that was sent along. Who
brings a state that was not given out here, or was used, or is old, gets nothing: that is what
keeps others from having their sign-ins finished by somebody else's browser (RFC 6749, 10.12).
"""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from recsys_dagster.web.limits import Clock

LIFETIME = 600.0
"""Seconds; signing in takes less."""
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Wish:
    """A playlist that somebody wants.

    Attributes
    ----------
    name
        What it is to be called.
    spotify_ids
        Its songs.
    verifier
        The secret half of PKCE (RFC 7636): only who has it can use the code that comes back.
    browser
        What tells the browser that asked from others; `None` where nothing does.
    back
        The address that the visitor left: names and values.
    """

    name: str
    spotify_ids: tuple[str, ...]
    verifier: str = field(repr=False)
    browser: str | None = field(default=None, repr=False)
    back: Mapping[str, str] = field(default_factory=dict)


class Wishes:
    """Wishes by their state, for a while, each given out once; safe to use from all threads.

    Parameters
    ----------
    clock
        Tells the time.
    """

    def __init__(self, clock: Clock = time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, Wish]] = OrderedDict()

    def keep(self, wish: Wish) -> str:
        """Keep a wish; gives the state under which it is taken up again.

        Of more than `MOST` the oldest is dropped: visitors cannot fill the memory.
        """
        state = secrets.token_urlsafe(32)
        with self._lock:
            self._kept[state] = (self._clock.monotonic() + LIFETIME, wish)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return state

    def take(self, state: str, browser: str | None = None) -> Wish | None:
        """Give a wish out, once; `None` where it is not known, too old or another browser's."""
        with self._lock:
            until, wish = self._kept.pop(state, (0.0, None))
        if wish is None or until <= self._clock.monotonic():
            return None
        return wish if wish.browser is None or wish.browser == browser else None
