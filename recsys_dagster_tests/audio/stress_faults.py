"""What goes wrong at the services on a bad day."""

import random
from collections.abc import Sequence

from recsys_dagster_tests.audio import fake_reccobeats
from recsys_dagster_tests.audio.fake_spotify import PREMIUM, quota, slow_down
from recsys_dagster_tests.audio.stressed import SILENCE
from recsys_dagster_tests.serving import Fault

_PLANNED = 200_000
_COMMON = (
    *(Fault(status, {"error": {"status": status}}) for status in (500, 501, 502, 503, 504)),
    Fault(502, b"<html>Bad gateway</html>"), Fault(503, b""), Fault(408),
    Fault(200, b"<html>please wait</html>"), Fault(truncate=True), Fault(drop=True),
    Fault(delay=2 * SILENCE),
)  # fmt: skip
_PASSING: dict[str, Sequence[Fault]] = {
    "reccobeats": (*_COMMON, *fake_reccobeats.FAULTS),
    "spotify": (*_COMMON, slow_down("2"), slow_down(None), Fault(401)),
    "accounts": (*_COMMON, slow_down("1")),
}
_BLOCKING: dict[str, Sequence[Fault]] = {
    "reccobeats": (
        Fault(429, {"status": 4291}, {"Retry-After": "86400"}),
        Fault(403, b"error code: 1010"),
    ),
    "spotify": (
        quota(), quota(None), slow_down("3600"), Fault(403, PREMIUM),
        Fault(403, {"error": {"status": 403, "message": "Forbidden"}}),
    ),
    "accounts": (),
}  # fmt: skip
"""These end a service's part of a run, so each comes once."""


def plan(
    name: str, rng: random.Random, share: float, requests: int, blocks: int | None
) -> list[Fault | None]:
    """What goes wrong at a service; that many of its blocking faults within so many requests."""
    blocking = _BLOCKING[name][:blocks]
    planned = [
        rng.choice(_PASSING[name]) if rng.random() < share else None for _ in range(_PLANNED)
    ]
    if share:
        moments = rng.sample(range(1, max(requests, 10)), len(blocking))
        for at, fault in zip(moments, blocking, strict=True):
            planned[at] = fault
    return planned
