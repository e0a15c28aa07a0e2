"""A small recommender and a shelf of releases that stand in for the real ones."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import (
    Answer,
    AudioAgreement,
    Because,
    Recommendation,
    Seed,
    SeedShare,
    Song,
)
from recsys_dagster_tests.streamlit_app.fake_listening import WithoutListeners
from streamlit_app.parts.radar import AXES
from streamlit_app.parts.serving import Serving

METHODS = ("hybrid", "svd", "items", "knn", "artist", "seed", "popular")
WORDS = ("Amber", "Quiet", "Paper", "Silver", "Hollow", "Northern", "Velvet", "Static")
THINGS = ("Harbour", "Engines", "Letters", "Parade", "Tide", "Mirrors", "Orchard", "Signal")


def made_up_songs(size: int = 64) -> list[Song]:
    return [
        Song(
            song_id=number,
            artist=f"The {THINGS[number // 8 % 8]}",
            title=f"{WORDS[number % 8]} {THINGS[number % 7]} {number}",
            plays=1000 - number * 7,
            listeners=20,
            has_audio=number % 5 != 4,
        )
        for number in range(size)
    ]


@dataclass
class FakeRecommender(WithoutListeners):
    songs: list[Song] = field(default_factory=made_up_songs)
    rung: str = "known"
    refuses: dict[str, str] = field(default_factory=dict)
    asked: dict[str, Any] = field(default_factory=dict)

    def search(self, text: str, n: int = 10) -> list[Song]:
        wanted = text.casefold()
        hits = [s for s in self.songs if wanted in f"{s.artist} {s.title}".casefold()]
        return hits[:n]

    def song(self, song_id: int) -> Song:
        for song in self.songs:
            if song.song_id == song_id:
                return song
        raise RecsysError(f"There is no song {song_id} in this release.")

    def resolve(self, query: str) -> Seed:
        hits = self.search(query, 1)
        return Seed(query, hits[0]) if hits else Seed(query, None, tuple(self.songs[:2]))

    def popular(self, n: int) -> list[Song]:
        return self.songs[:n]

    def audio(self, song_ids: Sequence[int]) -> list[dict[str, float | None]]:
        return [self._features(self.song(each)) for each in song_ids]

    def recommend(
        self,
        seeds: Sequence[str | int] = (),
        *,
        user: str | None = None,
        history: Mapping[int, float] | None = None,
        method: str = "hybrid",
        n: int = 10,
        exclude_artists: Sequence[str] = (),
        exclude_songs: Sequence[str | int] = (),
        **wishes: Any,
    ) -> Answer:
        self.asked = {"n": n, "method": method, **wishes}
        if method in self.refuses:
            raise RecsysError(self.refuses[method])
        picked = [self.song(int(seed)) for seed in (*seeds, *(history or ()))]
        others = [song for song in self.songs if song not in picked]
        others = [one for one in others if one.song_id not in exclude_songs]
        others = [one for one in others if one.artist not in exclude_artists][:n]
        return Answer(
            release="fake",
            method=method,
            rung=self.rung,
            seeds=tuple(Seed(song.title, song) for song in picked),
            recommendations=tuple(
                self._recommendation(rank, song, picked) for rank, song in enumerate(others, 1)
            ),
            user=user,
        )

    @staticmethod
    def _recommendation(rank: int, song: Song, picked: list[Song]) -> Recommendation:
        share = 1 / len(picked)
        return Recommendation(
            rank=rank,
            song_id=song.song_id,
            artist=song.artist,
            title=song.title,
            score=0.9 / rank**0.3,
            sources=(("svd", "knn"), ("items", "artist"), ("svd", "knn", "popular"), ("popular",))[
                rank % 4
            ],
            because=Because(
                seeds=tuple(SeedShare(seed.song_id, share) for seed in picked),
                audio=(
                    AudioAgreement("energy", 0.7, 0.72),
                    AudioAgreement("tempo", 121.3, 119.0),
                    AudioAgreement("loudness", -7.2, -6.8),
                ),
            ),
        )

    @staticmethod
    def _features(song: Song) -> dict[str, float | None]:
        names = [name for name in AXES if name not in {"tempo", "loudness"}]
        if not song.has_audio:
            return dict.fromkeys(AXES)
        shape: dict[str, float | None] = {
            name: 0.5 + 0.4 * math.sin(song.song_id * 0.7 + place)
            for place, name in enumerate(names)
        }
        return shape | {"tempo": 90.0 + song.song_id, "loudness": -12.0}


def evaluation(listeners: int = 240, scale: float = 1.0) -> dict[str, Any]:
    strengths = {"hybrid": 0.31, "svd": 0.24, "knn": 0.12, "seed": 0.27, "popular": 0.18}
    strengths |= {"items": 0.23, "artist": 0.09, "random": 0.01}
    kinds = (("precision", 0.6), ("recall", 0.5), ("ndcg", 1.0))
    methods = {
        name: {
            f"{kind}@{k}": strength * part * scale * (1 + k / 60)
            for kind, part in kinds
            for k in (5, 10, 20)
        }
        for name, strength in strengths.items()
    }
    curve = [
        {
            "epoch": epoch,
            "train_loss": 0.4 + 0.6 * math.exp(-epoch / 6),
            "valid": 0.3 - 0.25 * math.exp(-epoch / 5) - epoch * 0.002,
        }
        for epoch in range(30)
    ]
    return {
        "protocol": {
            "description": "The last eighth of each listener's listening is held back.",
            "listeners": listeners,
            "seeds": 5,
            "test_share": 0.125,
        },
        "methods": methods,
        "training": {"best_epoch": 21, "measure": "ndcg@20", "curve": curve},
    }


def serving(release_id: str = "r1", **changes: Any) -> Serving:
    figures: dict[str, Any] = {
        "listens": 8000, "users": 40, "songs": 300, "songs_with_features": 262,
        "features_by_source": {"catalogue": 262}, "missing_by_reason": {"not_found": 38},
    }  # fmt: skip
    usual = Serving(
        release_id=release_id,
        created_at=datetime.now(UTC) - timedelta(hours=2, minutes=5),
        figures=figures,
        demo=False,
        methods=METHODS,
        recommender=FakeRecommender(),
        evaluation=evaluation(),
    )
    return replace(usual, **changes)


@dataclass
class FakeShelf:
    """Releases by their id; an id that is current and not among them is damaged."""

    releases: dict[str, Serving] = field(default_factory=dict)
    current: str | None = None

    def put(self, release: Serving) -> None:
        self.releases[release.release_id] = release
        self.current = release.release_id

    def current_id(self) -> str | None:
        return self.current

    def fallbacks(self) -> list[str]:
        return [one for one in reversed(self.releases) if one != self.current]

    def open(self, release_id: str) -> Serving:
        if release_id not in self.releases:
            raise RecsysError(f"Release {release_id} is damaged: songs.parquet has another hash.")
        return self.releases[release_id]
