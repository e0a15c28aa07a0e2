"""The public recommender: songs in, songs and reasons out."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Answer, Recommendation, Seed, Song
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.exclusions import exclusions
from recsys_dagster.recommend.explain import Explainer
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.ladder import method_of, rung_of
from recsys_dagster.recommend.methods import AUDIO_METHODS, METHODS
from recsys_dagster.recommend.packing import Parts, unpack
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.ranked import Ranked
from recsys_dagster.recommend.reranking import Reranker, Reranking
from recsys_dagster.recommend.songs import SongTable
from recsys_dagster.recommend.sound import Features, Sound
from recsys_dagster.recommend.sources import Ids, Query
from recsys_dagster.recommend.taste import Favourite, favourites
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release
from recsys_dagster.storage.serving import open_served

MAX_SEEDS = 5
MAX_RESULTS = 500


class PlayedToo(Query):
    """A query whose seeds may come back: a listener's favourites among new songs."""

    __slots__ = ()

    @property
    def unwanted(self) -> Ids:
        """What is excluded, and nothing else."""
        return np.unique(self.exclude)


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
        self._places = parts.places
        self._histories = parts.histories
        self._artists = parts.artists
        has_audio = np.zeros(parts.songs.height, dtype=bool)
        has_audio[parts.knn.song_ids] = True
        self._songs = SongTable(parts.songs, has_audio)
        played = np.flatnonzero(self._songs.plays > 0)
        self._sound = Sound(parts.features, parts.feature_names, played)
        self._engine = Engine(parts.models, parts.ranker)
        self._engine.svd.shortlist = parts.shortlists.get("svd")
        self._engine.knn.shortlist = parts.shortlists.get("knn")
        self._reranker = Reranker(self._engine, self._songs, parts.features)
        self._explainer = Explainer(self._engine, parts.features, parts.feature_names)
        self._threads = ThreadpoolController()

    @classmethod
    def open(cls, data_dir: Path | None = None) -> "Recommender":
        """Open the current release of a data folder (default: the one in the settings).

        Where that is damaged the last good one is opened, with a warning that says so.

        Raises
        ------
        RecsysError
            There is no release yet, or none can be opened.
        """
        served = open_served(Layout(load_settings(data_dir).data_dir), cls.from_release)
        if served.warning:
            warnings.warn(served.warning, stacklevel=2)
        return served.opened

    @classmethod
    def from_release(cls, release: Release) -> "Recommender":
        """Open a release that was found whole."""
        return cls(unpack(release.path), release.id)

    @property
    def users(self) -> list[str]:
        """The listeners that `recommend(user=…)` knows."""
        return list(self._histories.users)

    @property
    def places(self) -> Places | None:
        """The song map; `None` where the release has none."""
        return self._places

    def history(self, user: str) -> History:
        """What a listener of `users` played, and when; raises `RecsysError` for any other."""
        return self._histories.history(user)

    def favourites(self, history: History, n: int) -> list[Favourite]:
        """The artists that a history holds most plays of."""
        return favourites(history, self._artists, n)

    def look_up(self, song_ids: Sequence[int]) -> list[Song]:
        """Several songs, in the order asked for; raises as `song` does."""
        for song_id in song_ids:
            self._songs.check(song_id)
        return self._songs.songs(song_ids)

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

    def audio(self, song_ids: Sequence[int]) -> list[Features]:
        """The 13 audio features of songs, each in its own unit, `None` where missing.

        Raises `RecsysError` where there is no such id.
        """
        for song_id in song_ids:
            self._songs.check(song_id)
        return self._sound.of(song_ids)

    def mean_audio(self, song_ids: Sequence[int], plays: Sequence[int] | None = None) -> Features:
        """The mean of each audio feature over songs; they count by `plays`, or all alike."""
        return self._sound.mean(song_ids, plays)

    def catalogue_audio(self) -> Features:
        """The mean of each audio feature over all songs that somebody plays."""
        return self._sound.catalogue()

    def recommend(
        self,
        seeds: Sequence[str | int] = (),
        *,
        user: str | None = None,
        history: Mapping[int, float] | None = None,
        method: str = "hybrid",
        n: int = 10,
        diversity: float = 0.0,
        max_per_artist: int | None = None,
        popularity: str = "balanced",
        steer: Mapping[str, float] | None = None,
        exclude_artists: Sequence[str] = (),
        exclude_songs: Sequence[str | int] = (),
        only_unplayed: bool = True,
    ) -> Answer:
        """Recommend songs for up to five songs, or for a listener of the data.

        Parameters
        ----------
        seeds
            "Artist - Title", or song ids. None at all: the most played songs are the answer.
        user
            A name of `users`, instead of seeds: the whole history counts.
        history
            Song ids with play counts, of a listener whom the release does not know: counts as
            the history of a `user` does.
        method
            One of `METHODS`.
        n
            How many songs, 1 to 500.
        diversity
            0 (off) … 1: how much being like a song above counts against a song.
        max_per_artist
            How many songs of one artist there may be; `None`: any number.
        popularity
            `safe` (rather what many play), `balanced` (as it comes) or `deep` (rather what few
            play).
        steer
            `energy`, `valence` and `tempo`, each -1 (less) … 1 (more).
        exclude_artists, exclude_songs
            Names of artists; "Artist - Title" or song ids. `Answer.excluded` says which of them
            the catalogue has.
        only_unplayed
            Whether songs that the `user` has played, or that are in the `history`, are left out.
            Seeds always are.

        Returns
        -------
        Fewer than `n` songs where there are no more. Songs that are not in the catalogue are
        passed over; when none is left, the most played songs come back. `rung` says so, and
        `Recommendation.score` what a score is after re-ranking (see `reranking`).

        Raises
        ------
        RecsysError
            An argument is wrong, or the method needs audio features and no seed has any.
        """
        _check(seeds, user, history, method, n)
        asked = Reranking(diversity, max_per_artist, popularity, steer or {})
        excluded, left_out = exclusions(self._songs, exclude_artists, exclude_songs)
        found = tuple(self._seed(seed) for seed in seeds)
        listener = user is not None or history is not None
        if user is not None:
            query = _whole(*self._histories.of(user), left_out, only_unplayed=only_unplayed)
        elif history is not None:
            query = _whole(*self._sorted(history), left_out, only_unplayed=only_unplayed)
        else:
            ids = dict.fromkeys(seed.song.song_id for seed in found if seed.song)
            query = Query(np.array(list(ids), dtype=np.int64), exclude=left_out)
        rung = self._rung(method, query, named=bool(found), listener=listener)
        engine_method = method_of(method, rung)
        # The products are small. Shared out, the last thread decides when they are done, and on a
        # processor that others use too it is late by ten times what all of it takes.
        with self._threads.limit(limits=1, user_api="blas"):
            ranked = self._reranker.rank(engine_method, query, n, asked)
            songs = self._recommendations(ranked, query)
        return Answer(self.release_id, method, rung, found, songs, user, excluded)

    def _sorted(self, history: Mapping[int, float]) -> tuple[Ids, NDArray[np.float64]]:
        """The songs and plays of a history, most played first."""
        for song_id in history:
            self._songs.check(song_id)
        songs = np.fromiter(history, np.int64, len(history))
        plays = np.fromiter(history.values(), np.float64, len(history))
        if not np.all(np.isfinite(plays) & (plays > 0)):
            raise RecsysError("The play counts of a history must be above 0.")
        order = np.lexsort((songs, -plays))
        return songs[order], plays[order]

    def _seed(self, seed: str | int) -> Seed:
        if isinstance(seed, str):
            return self.resolve(seed)
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise RecsysError(f"A seed is a text or a song id; got {str(seed)[:40]!r}.")
        song = self.song(int(seed))
        return Seed(f"{song.artist} - {song.title}", song)

    def _rung(self, method: str, query: Query, *, named: bool, listener: bool) -> str:
        heard = self._engine.knn.usable(query)
        if method in AUDIO_METHODS and not len(heard) and (len(query.seeds) or listener):
            raise RecsysError(
                f"The method {method} needs audio features, and none of these songs has "
                "any. Take the method hybrid or svd, or add a catalogue with `recsys import`."
            )
        return rung_of(method, query.seeds, heard, self._songs.plays, named=named)

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


def _whole(songs: Ids, plays: NDArray[Any], left_out: Ids, *, only_unplayed: bool) -> Query:
    """A query for a whole history."""
    kind = Query if only_unplayed else PlayedToo
    return kind(songs, np.log1p(plays).astype(np.float32), left_out)


def _check(
    seeds: Sequence[str | int],
    user: str | None,
    history: Mapping[int, float] | None,
    method: str,
    n: int,
) -> None:
    if method not in METHODS:
        raise RecsysError(
            f"There is no method {str(method)[:40]!r}; there are {', '.join(METHODS)}."
        )
    whole = isinstance(n, int | np.integer) and not isinstance(n, bool)
    if not whole or not 1 <= n <= MAX_RESULTS:
        raise RecsysError(f"The number of songs must be 1 to {MAX_RESULTS}; got {str(n)[:40]}.")
    if isinstance(seeds, str) or not isinstance(seeds, Sequence | np.ndarray):
        raise RecsysError(f"Give the songs as a list: [{str(seeds)[:40]!r}].")
    if (user is not None) + (history is not None) + bool(len(seeds)) > 1:
        raise RecsysError("Give songs, a listener or a history: one of them.")
    if len(seeds) > MAX_SEEDS:
        raise RecsysError(f"Give at most {MAX_SEEDS} songs; got {len(seeds)}.")
