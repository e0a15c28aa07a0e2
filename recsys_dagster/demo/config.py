"""How big a made-up world is, and what keeps it possible."""

from dataclasses import dataclass

from recsys_dagster.errors import RecsysError

MIN_SONGS = 20
MOST_LISTENS_PER_USER = 15_000


@dataclass(frozen=True)
class DemoConfig:
    """The size and the seed of a made-up listening world.

    Parameters
    ----------
    users, songs, listens
        How many listeners, songs in the world and rows of history. All three are met exactly.
    seed
        The same settings and seed give the same bytes.
    coverage
        Share of the songs that the feature catalogue knows, above 0 and at most 1.
    respelled
        Share of the listens whose title is spelled differently: another case or apostrophe.

    Raises
    ------
    RecsysError
        A number is outside its bounds.
    """

    users: int = 200
    songs: int = 3_000
    listens: int = 150_000
    seed: int = 0
    coverage: float = 0.85
    respelled: float = 0.02

    def __post_init__(self) -> None:
        _require_at_least("users", self.users, 1)
        _require_at_least("songs", self.songs, MIN_SONGS)
        _require_at_least("listens", self.listens, self.users, " (one for each user)")
        _require_at_least("seed", self.seed, 0)
        _require_room_in_the_calendar(self.users, self.listens)
        _require_share("coverage", self.coverage, zero_is_allowed=False)
        _require_share("respelled", self.respelled, zero_is_allowed=True)


def _require_at_least(name: str, found: int, least: int, why: str = "") -> None:
    if found < least:
        raise RecsysError(
            f"The demo's {name} is too small: found {found}, expected at least {least}{why}. "
            f"Set {name} to {least} or more."
        )


def _require_room_in_the_calendar(users: int, listens: int) -> None:
    most = users * MOST_LISTENS_PER_USER
    if listens > most:
        raise RecsysError(
            f"The demo's listens do not fit into two years: found {listens} for {users} users, "
            f"expected at most {most} ({MOST_LISTENS_PER_USER} a user). "
            "Ask for fewer listens or more users."
        )


def _require_share(name: str, found: float, *, zero_is_allowed: bool) -> None:
    if not (0 < found <= 1 or (zero_is_allowed and found == 0)):
        lower = "0" if zero_is_allowed else "above 0"
        raise RecsysError(
            f"The demo's {name} is not a share: found {found}, expected {lower} to 1. "
            f"Set {name} to a number such as 0.5."
        )
