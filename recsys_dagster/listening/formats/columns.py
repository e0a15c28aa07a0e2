"""Which column of a CSV is the artist, the title, the time: told by the header's names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recsys_dagster.errors import RecsysError
from recsys_dagster.masking import masked

ALIASES: Mapping[str, tuple[str, ...]] = {
    "user": ("username", "user", "userid", "listener", "listenername", "lastfmuser", "lfmid"),
    "artist": ("artist", "artistname", "artname", "trackartist", "artistsname"),
    "title": ("track", "trackname", "title", "tracktitle", "song", "songname", "songtitle",
              "traname"),
    "album": ("album", "albumname", "release", "releasename", "albumtitle"),
}  # fmt: skip
"""Names of each column, without case, spaces and signs; another song of the same meaning."""

TIMES = ("uts", "timestamp", "unixtimestamp", "epoch", "listenedat", "playedat", "scrobbledat",
         "scrobbletime", "datetime", "utctime", "date", "time")  # fmt: skip
"""Names of the time, the most exact first: where a file has several, the first is read."""

_WEAK_TITLE = "name"
_AUDIO = {"energy", "valence", "danceability"}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Columns:
    """Positions of the columns in a CSV; `time` are one, or the date and the time of day."""

    artist: int
    title: int
    time: tuple[int, ...]
    user: int | None = None
    album: int | None = None


def find_columns(header: Sequence[str], file: str) -> Columns | None:
    """Find the columns by their names; `None` if this is no listening history.

    A name that stands twice counts where it stands first.

    Raises
    ------
    RecsysError
        It is one, but columns are missing or cannot be told apart; the message asks.
    """
    names = [_plain(column) for column in header]
    if set(names) >= _AUDIO:
        return None
    found = {role: _candidates(names, role) for role in ALIASES}
    time = _find_time(names)
    if not found["title"] and _WEAK_TITLE in names:
        found["title"] = [names.index(_WEAK_TITLE)]
    missing = [role for role in ("artist", "title") if not found[role]]
    missing += [] if time else ["time"]
    if len(missing) > 1 or (missing and not (time and found["user"] + found["album"])):
        return None
    if missing:
        raise RecsysError(_question_of_missing(file, header, missing[0]))
    for role, positions in found.items():
        if len(positions) > 1:
            raise RecsysError(_question_of_many(file, header, role, positions))
    user, album = (next(iter(found[role]), None) for role in ("user", "album"))
    return Columns(found["artist"][0], found["title"][0], time, user, album)


def shown(header: Sequence[str]) -> str:
    """The column names for a message; what looks like data of a person is masked."""
    return ", ".join(repr(masked(name[:40])) for name in header[:_SHOWN] if name) or "nothing"


def _plain(column: str) -> str:
    return "".join(one for one in column.lower() if one.isalnum())


def _candidates(names: Sequence[str], role: str) -> list[int]:
    return [names.index(alias) for alias in ALIASES[role] if alias in names]


def _find_time(names: Sequence[str]) -> tuple[int, ...]:
    found = [names.index(alias) for alias in TIMES if alias in names]
    days, clocks = names.index("date") if "date" in names else -1, "time" in names
    if found and found[0] == days and clocks:
        return days, names.index("time")
    return tuple(found[:1])


def _question_of_missing(file: str, header: Sequence[str], role: str) -> str:
    wanted = {"artist": "the artist", "title": "the title of the song", "time": "the time"}[role]
    name = {"artist": "artist", "title": "track", "time": "date"}[role]
    return (
        f"{file}, line 1: which column is {wanted}? Found {shown(header)}. "
        f"Call it {name!r} in the first line, or add it."
    )


def _question_of_many(file: str, header: Sequence[str], role: str, positions: Sequence[int]) -> str:
    either = " or ".join(repr(masked(header[position][:40])) for position in positions)
    return (
        f"{file}, line 1: which column is the {role}, {either}? Found {shown(header)}. "
        "Take the other out of the first line, or give it another name."
    )
