"""The public recommender: songs in, songs and reasons out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Answer, Recommendation, Seed, Song
from recsys_dagster.recommend.engine import AUDIO_METHODS, METHODS, Engine, Ranked
from recsys_dagster.recommend.explain import Explainer
from recsys_dagster.recommend.packing import Parts, unpack
from recsys_dagster.recommend.songs import SongTable
from recsys_dagster.recommend.sources import Query
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases

MAX_SEEDS = 5
MAX_RESULTS = 500


class Recommender:
    """Recommends songs from a release.

    Parameters
    ----------
    parts
        What the release holds.
    release_id
        What answers say they come from.

    Examples
    --------
    >>> recommender = Recommender.open()                            # doctest: +SKIP
    >>> answer = recommender.recommend(["Radiohead - Creep"], n=5)  # doctest: +SKIP
    >>> [song.title for song in answer.recommendations]             # doctest: +SKIP
    """

    def __init__(self, parts: Parts, release_id: str) -> None:
        self.release_id = release_id
        self.feature_names = parts.feature_names
        self._features = parts.features
        self._histories = parts.histories
        has_audio = np.zeros(parts.songs.height, dtype=bool)
        has_audio[parts.knn.song_ids] = True
        self._songs = SongTable(parts.songs, has_audio)
        self._engine = Engine(parts.svd, parts.knn, parts.ranker, self._songs.plays)
        self._explainer = Explainer(self._engine, parts.features, parts.feature_names)

    @classmethod
    def open(cls, data_dir: Path | None = None) -> "Recommender":
        """Open the current release of a data folder (default: the one in the settings).

        Raises
        ------
        RecsysError
            There is no release yet, or it is damaged.
        """
        layout = Layout(load_settings(data_dir).data_dir)
        return cls.from_release(Releases(layout.releases).open_current())

    @classmethod
    def from_release(cls, release: Release) -> "Recommender":
        """Open a release that was found whole."""
        return cls(unpack(release.path), release.id)

    @property
    def users(self) -> list[str]:
        """The listeners that `recommend(user=…)` knows."""
        return list(self._histories.users)

    def song(self, song_id: int) -> Song:
        """One song; raises `RecsysError` where there is no such id."""
        return self._songs.song(song_id)

    def search(self, text: str, n: int = 10) -> list[Song]:
        """Songs whose artist and title have all the words; see `SongTable.search`."""
        return self._songs.search(text, n)

    def popular(self, n: int = 10) -> list[Song]:
        """The most played songs."""
        return self._songs.search("", n)

    def resolve(self, query: str) -> Seed:
        """Find the song that a text means; see `SongTable.resolve`."""
        return self._songs.resolve(query)

    def audio(self, song_ids: Sequence[int]) -> list[dict[str, float | None]]:
        """The 13 audio features of songs, each in its own unit, `None` where missing.

        Raises `RecsysError` where there is no such id.
        """
        for song_id in song_ids:
            self._songs.check(song_id)
        rows = np.asarray(self._features[list(song_ids)], dtype=np.float64)
        return [
            {
                name: None if np.isnan(value) else float(value)
                for name, value in zip(self.feature_names, row, strict=True)
            }
            for row in rows
        ]

    def recommend(
        self,
        seeds: Sequence[str | int] = (),
        *,
        user: str | None = None,
        method: str = "hybrid",
        n: int = 10,
    ) -> Answer:
        """Recommend songs for one to five songs, or for a listener of the data.

        Parameters
        ----------
        seeds
            "Artist - Title", or song ids.
        user
            A name of `users`, instead of seeds: the whole history counts, and songs that the
            listener has played are left out.
        method
            One of `METHODS`.
        n
            How many songs, 1 to 500.

        Returns
        -------
        Fewer than `n` songs where there are no more. Songs that are not in the catalogue are
        passed over; when none is left, the most played songs come back and `rung` says so.

        Raises
        ------
        RecsysError
            An argument is wrong, or the method needs audio features and no seed has any.
        """
        _check(seeds, user, method, n)
        if user is not None:
            return self._for_listener(user, method, n)
        found = tuple(self._seed(seed) for seed in seeds)
        ids = list(dict.fromkeys(seed.song.song_id for seed in found if seed.song))
        query = Query(np.array(ids, dtype=np.int64))
        if not ids:
            return self._answer("popular", query, n, rung="popular", method=method, seeds=found)
        return self._answer(method, query, n, rung="seeds", seeds=found)

    def _for_listener(self, user: str, method: str, n: int) -> Answer:
        songs, plays = self._histories.of(user)
        query = Query(songs, np.log1p(plays).astype(np.float32))
        return replace(self._answer(method, query, n, rung="listener"), user=user)

    def _seed(self, seed: str | int) -> Seed:
        if isinstance(seed, str):
            return self.resolve(seed)
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise RecsysError(f"A seed is a text or a song id; got {str(seed)[:40]!r}.")
        song = self.song(int(seed))
        return Seed(f"{song.artist} - {song.title}", song)

    def _answer(
        self,
        engine_method: str,
        query: Query,
        n: int,
        *,
        rung: str,
        method: str | None = None,
        seeds: tuple[Seed, ...] = (),
    ) -> Answer:
        if engine_method in AUDIO_METHODS and not len(self._engine.knn.usable(query)):
            raise RecsysError(
                f"The method {engine_method} needs audio features, and none of these songs has "
                "any. Take the method hybrid or svd, or add a catalogue with `recsys import`."
            )
        ranked = self._engine.rank(engine_method, query, n)
        recommendations = self._recommendations(ranked, query)
        return Answer(self.release_id, method or engine_method, rung, seeds, recommendations)

    def _recommendations(self, ranked: Ranked, query: Query) -> tuple[Recommendation, ...]:
        songs = self._songs.songs([int(song) for song in ranked.ids])
        reasons = self._explainer.explain(ranked, query)
        return tuple(
            Recommendation(
                rank=position + 1,
                song_id=song.song_id,
                artist=song.artist,
                title=song.title,
                score=float(ranked.scores[position]),
                sources=ranked.sources(position),
                because=reasons[position],
                spotify_id=song.spotify_id,
            )
            for position, song in enumerate(songs)
        )


def _check(seeds: Sequence[str | int], user: str | None, method: str, n: int) -> None:
    if method not in METHODS:
        raise RecsysError(
            f"There is no method {str(method)[:40]!r}; there are {', '.join(METHODS)}."
        )
    whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not whole or not 1 <= n <= MAX_RESULTS:
        raise RecsysError(f"The number of songs must be 1 to {MAX_RESULTS}; got {str(n)[:40]}.")
    if isinstance(seeds, str) or not isinstance(seeds, Sequence | np.ndarray):
        raise RecsysError(f"Give the songs as a list: [{str(seeds)[:40]!r}].")
    if user is not None and len(seeds):
        raise RecsysError("Give songs or a listener, not both.")
    if user is None and not 1 <= len(seeds) <= MAX_SEEDS:
        raise RecsysError(f"Give 1 to {MAX_SEEDS} songs; got {len(seeds)}.")
