"""Last.fm as it behaves: strings for numbers, what plays now on every page, errors in HTTP 200."""

from dataclasses import dataclass
from typing import Any

from recsys_dagster_tests.serving import Asked, FakeService, Reply

KEY = "key-4711-secret"


@dataclass(frozen=True, order=True)
class Scrobble:
    """A listen on Last.fm."""

    uts: int
    artist: str = "Tame Impala"
    title: str = "Apocalypse Dreams"
    album: str = "Lonerism"


class FakeLastfm(FakeService):
    """Serves `user.getRecentTracks`.

    Attributes
    ----------
    scrobbles
        By user, in any order.
    largest_page
        What a larger limit is cut down to.
    now_playing
        Whether a song is playing now: one row more on every page.
    extended
        Whether artists come in the extended shape.
    hidden
        Whether users hide what they listened to recently.
    to_inclusive
        Whether `to` takes its own second in, against what was observed.
    """

    def __init__(self, **scrobbles: list[Scrobble]) -> None:
        super().__init__()
        self.scrobbles = scrobbles
        self.largest_page = 200
        self.now_playing = self.extended = self.hidden = self.to_inclusive = False

    def answer(self, asked: Asked) -> Reply:
        params = asked.params
        if params.get("method", "").lower() != "user.getrecenttracks":
            return 400, {"error": 3, "message": "Invalid Method"}
        if params.get("api_key") != KEY:
            return 403, {"error": 10, "message": "Invalid API key - You must be granted a key"}
        spelled = {name.lower(): name for name in self.scrobbles}
        user = spelled.get(params["user"].lower())
        if user is None:
            return 404, {"error": 6, "message": "User not found"}
        if self.hidden:
            return 403, {"error": 17, "message": "Login: User required to be logged in"}
        return 200, {"recenttracks": self._recent(user, params)}

    def _recent(self, user: str, params: Any) -> dict[str, Any]:
        limit = min(int(params.get("limit", 50)), self.largest_page)
        page = int(params.get("page", 1))
        since, before = int(params.get("from", 0)), int(params.get("to", 2**40))
        before += self.to_inclusive
        found = sorted(
            (one for one in self.scrobbles[user] if since <= one.uts < before), reverse=True
        )
        rows = [self._row(one) for one in found[(page - 1) * limit : page * limit]]
        if self.now_playing:
            playing = self._row(Scrobble(0, "Playing", "Now"))
            del playing["date"]
            rows.insert(0, {"@attr": {"nowplaying": "true"}, **playing})
        attributes = {
            "user": user, "page": str(page), "perPage": str(limit), "total": str(len(found)),
            "totalPages": str(-(-len(found) // limit)),
        }  # fmt: skip
        recent: dict[str, Any] = {"@attr": attributes}
        if len(rows) == 1:
            recent["track"] = rows[0]
        elif rows:
            recent["track"] = rows
        return recent

    def _row(self, one: Scrobble) -> dict[str, Any]:
        artist = {"mbid": "", "name" if self.extended else "#text": one.artist}
        return {
            "artist": artist,
            "album": {"mbid": "", "#text": one.album},
            "name": one.title, "mbid": "", "streamable": "0", "image": [],
            "date": {"uts": str(one.uts), "#text": "20 Oct 2020, 10:03"},
        }  # fmt: skip
