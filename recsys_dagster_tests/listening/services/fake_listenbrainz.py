"""ListenBrainz as it behaves: bounds exclude themselves, counts are cut down, limits in headers."""

from dataclasses import dataclass, field
from typing import Any

from recsys_dagster_tests.serving import Asked, FakeService, Reply

TOKEN = "token-0815-secret"  # noqa: S105
TOO_MANY = (
    b"You have exceeded your rate limit. See the X-RateLimit-* response headers for more "
    b"information on your current rate limit.\n"
)


@dataclass(frozen=True)
class LbListen:
    """A listen on ListenBrainz; without `mapping` the answer has none."""

    at: int
    msid: str
    artist: str = "Röyksopp"
    title: str = "Some Resolve"
    release: str | None = "Profound Mysteries II"
    info: Any = field(default_factory=dict)
    mapping: Any = None


class FakeListenbrainz(FakeService):
    """Serves listens and their count.

    Attributes
    ----------
    listens
        By user, in any order.
    largest_page
        What a larger count is cut down to, without a word.
    """

    def __init__(self, **listens: list[LbListen]) -> None:
        super().__init__()
        self.listens = listens
        self.largest_page = 1000
        self.headers = {
            "X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29", "X-RateLimit-Reset-In": "10"
        }  # fmt: skip

    def answer(self, asked: Asked) -> Reply:
        match asked.path:
            case ("1", "user", name, "listens" | "listen-count" as what):
                pass
            case _:
                return 404, {"code": 404, "error": "Not found"}
        if asked.headers.get("Authorization", f"Token {TOKEN}") != f"Token {TOKEN}":
            return 401, {"code": 401, "error": "Invalid authorization token."}
        user = {one.lower(): one for one in self.listens}.get(name.lower())
        if user is None:
            return 404, {"code": 404, "error": f"Cannot find user: {name}"}
        if what == "listen-count":
            return 200, {"payload": {"count": len(self.listens[user])}}
        return self._listens(user, asked.params)

    def _listens(self, user: str, params: Any) -> Reply:
        count = min(int(params.get("count", 25)), self.largest_page)
        below, above = int(params.get("max_ts", 2**40)), int(params.get("min_ts", -1))
        if below <= above:
            return 400, {"code": 400, "error": "min_ts should be less than max_ts"}
        everything = sorted(self.listens[user], key=lambda one: (one.at, one.msid), reverse=True)
        found = [one for one in everything if above < one.at < below]
        # A lower bound alone asks for what came right after it.
        oldest_first = "min_ts" in params and "max_ts" not in params
        rows = found[-count:] if oldest_first else found[:count]
        payload = {
            "count": len(rows), "user_id": user, "listens": [_row(one, user) for one in rows],
            "latest_listen_ts": everything[0].at if everything else 0,
            "oldest_listen_ts": everything[-1].at if everything else 0,
        }  # fmt: skip
        return 200, {"payload": payload}


def _row(one: LbListen, user: str) -> dict[str, Any]:
    about = {"artist_name": one.artist, "track_name": one.title, "additional_info": one.info}
    if one.release is not None:
        about["release_name"] = one.release
    if one.mapping is not None:
        about["mbid_mapping"] = one.mapping
    return {
        "inserted_at": one.at, "listened_at": one.at, "recording_msid": one.msid,
        "user_name": user, "track_metadata": about,
    }  # fmt: skip
