"""The public recommender: songs in, songs and reasons out."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Answer, Recommendation, Seed, Song
from recsys_dagster.recommend.asking import check, check_number, whole
from recsys_dagster.recommend.batch import recommend_all
from recsys_dagster.recommend.engine import Engine
from recsys_dagster.recommend.exclusions import exclusions
from recsys_dagster.recommend.explain import Explainer
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.ladder import method_of, rung_of
from recsys_dagster.recommend.listing import SCHEMA, table_of
from recsys_dagster.recommend.methods import AUDIO_METHODS
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
from recsys_dagster.storage.releases import Release, Releases
from recsys_dagster.storage.serving import open_served


class Recommender:
    """Recommends songs from a release.

    `open` gives one; the constructor is for those who have the parts of a release in hand. It
    holds nothing that changes: the same question has the same answer.

    Parameters
    ----------
    parts
        What the release holds.
    release_id
        What answers say they come from.

    Attributes
    ----------
    release_id : str
        Which release it is.
    feature_names : tuple of str
        The 13 audio features, in the order of tables.

    Examples
    --------
    >>> from recsys_dagster import Recommender
    >>> recommender = Recommender.open()
    >>> song = recommender.popular(1)[0]
    >>> answer = recommender.recommend([f"{song.artist} - {song.title}"], n=5)
    >>> [one.rank for one in answer.recommendations]
    [1, 2, 3, 4, 5]
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
    def open(
        cls, data_dir: Path | str | None = None, *, release: str | None = None
    ) -> "Recommender":
        """Open a release of a data folder.

        Every file of it is compared with its checksum first.

        Parameters
        ----------
        data_dir
            The data folder; `None`: the one of the settings (``RECSYS_DATA_DIR``, or ``./data``).
        release
            The id of a release, as `recsys releases` and `Releases.ids` have it; `None`: the
            current one. Where that is damaged the last good one is opened, with a Python warning
            that says so.

        Raises
        ------
        RecsysError
            There is no such release, none yet, or none that can be opened.

        Examples
        --------
        >>> newest = Releases.in_folder().ids()[0]
        >>> Recommender.open(release=newest).release_id == newest
        True
        """
        if release is not None:
            return cls.from_release(Releases.in_folder(data_dir).open(release))
        chosen = None if data_dir is None else Path(data_dir)
        served = open_served(Layout(load_settings(chosen).data_dir), cls.from_release)
        if served.warning:
            warnings.warn(served.warning, stacklevel=2)
        return served.opened

    @classmethod
    def from_release(cls, release: Release) -> "Recommender":
        """Open a release that was found whole.

        Raises
        ------
        RecsysError
            A part of it is missing: an earlier version of the program made it.

        Examples
        --------
        >>> recommender = Recommender.from_release(Releases.in_folder().open_current())
        """
        return cls(unpack(release.path), release.id)

    @property
    def users(self) -> list[str]:
        """The names of the listeners that `recommend(user=…)` knows, sorted."""
        return list(self._histories.users)

    @property
    def places(self) -> Places | None:
        """Songs as points of a plane, the song map; `None` where the release has none."""
        return self._places

    def history(self, user: str) -> History:
        """What a listener of `users` played, and when.

        Raises
        ------
        RecsysError
            There is no such listener.

        Examples
        --------
        >>> history = recommender.history(recommender.users[0])
        >>> history.songs.shape == history.plays.shape
        True
        """
        return self._histories.history(user)

    def favourites(self, history: History, n: int) -> list[Favourite]:
        """The `n` artists that a history holds most plays of, most played first.

        Examples
        --------
        >>> history = recommender.history(recommender.users[0])
        >>> best = recommender.favourites(history, 3)
        >>> [one.plays for one in best] == sorted((one.plays for one in best), reverse=True)
        True
        """
        return favourites(history, self._artists, n)

    def look_up(self, song_ids: Sequence[int]) -> list[Song]:
        """Several songs, in the order asked for.

        Raises
        ------
        RecsysError
            There is no song with one of the ids.

        Examples
        --------
        >>> [song.song_id for song in recommender.look_up([2, 0])]
        [2, 0]
        """
        self._songs.check(song_ids)
        return self._songs.songs(song_ids)

    def song(self, song_id: int) -> Song:
        """One song; ids are those of every release of the data folder, for good.

        Raises
        ------
        RecsysError
            There is no song with that id.

        Examples
        --------
        >>> recommender.song(0).song_id
        0
        """
        return self._songs.song(song_id)

    def search(self, text: str, n: int = 10) -> list[Song]:
        """The `n` songs that have every word of a text in artist and title, as nearly as can be.

        Case, accents, order, look-alike characters and unfinished words do not matter, and
        spelling mistakes only where there is no better match. Nothing found: an empty list.

        Examples
        --------
        >>> song = recommender.popular(1)[0]
        >>> song in recommender.search(f"{song.title} {song.artist}".upper())
        True
        """
        return self._songs.search(text, n)

    def popular(self, n: int = 10) -> list[Song]:
        """The `n` most played songs, most played first.

        Examples
        --------
        >>> len(recommender.popular(3))
        3
        """
        return self._songs.search("", n)

    def resolve(self, query: str) -> Seed:
        """Find the song that a text means: "Artist - Title", or a title alone.

        A title alone is taken for the most played song of that title. Without a match,
        `Seed.song` is `None`, and `Seed.suggestions` are the nearest songs.

        Raises
        ------
        RecsysError
            The text is empty.

        Examples
        --------
        >>> recommender.resolve("Nobody - Nothing at All").matched
        False
        """
        return self._songs.resolve(query)

    def audio(self, song_ids: Sequence[int]) -> list[Features]:
        """The 13 audio features of songs.

        Returns
        -------
        list of dict
            One a song, by the name of the feature and in its own unit (tempo in beats a minute,
            loudness in dB, duration_ms in milliseconds, most others 0 … 1); `None` where it is
            missing.

        Raises
        ------
        RecsysError
            There is no song with one of the ids.

        Examples
        --------
        >>> list(recommender.audio([0])[0]) == list(recommender.feature_names)
        True
        """
        self._songs.check(song_ids)
        return self._sound.of(song_ids)

    def mean_audio(self, song_ids: Sequence[int], plays: Sequence[int] | None = None) -> Features:
        """The mean of each audio feature over the songs that have it.

        Parameters
        ----------
        song_ids
            Of songs of the release.
        plays
            How much each counts; `None`: all alike.

        Examples
        --------
        >>> recommender.mean_audio([0, 1, 2]).keys() == recommender.catalogue_audio().keys()
        True
        """
        return self._sound.mean(song_ids, plays)

    def catalogue_audio(self) -> Features:
        """The mean of each audio feature over all songs that somebody plays.

        Examples
        --------
        >>> sorted(recommender.catalogue_audio()) == sorted(recommender.feature_names)
        True
        """
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
            Song ids with play counts above 0, of a listener whom the release does not know:
            counts as the history of a `user` does.
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
        Answer
            Fewer than `n` songs where there are no more. Seeds that are not in the catalogue are
            passed over; when none is left, the most played songs come back, and `rung` says so.
            `because` says of each song what brought it.

        Raises
        ------
        RecsysError
            An argument is wrong, or the method needs audio features and no seed has any.

        Examples
        --------
        >>> answer = recommender.recommend(
        ...     user=recommender.users[0], n=8, diversity=0.3, max_per_artist=1
        ... )
        >>> len({song.artist for song in answer.recommendations})
        8

        A history from elsewhere, by name:

        >>> first, second = recommender.popular(2)
        >>> own = {f"{first.artist} - {first.title}": 12, "Nobody - Nothing at All": 3}
        >>> found = {name: recommender.resolve(name).song for name in own}
        >>> history = {song.song_id: own[name] for name, song in found.items() if song}
        >>> recommender.recommend(history=history).rung
        'known'
        """
        check(seeds, user, history, method, n)
        asked = Reranking(diversity, max_per_artist, popularity, steer or {})
        excluded, left_out = exclusions(self._songs, exclude_artists, exclude_songs)
        found = tuple(self._seed(seed) for seed in seeds)
        listener = user is not None or history is not None
        if user is not None:
            query = whole(*self._histories.of(user), left_out, only_unplayed=only_unplayed)
        elif history is not None:
            query = whole(*self._sorted(history), left_out, only_unplayed=only_unplayed)
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

    def recommend_all(
        self,
        users: Sequence[str] | None = None,
        *,
        method: str = "hybrid",
        n: int = 10,
        threads: int = 2,
    ) -> pl.DataFrame:
        """Recommend songs that they have not played to many listeners at once.

        The songs are those of `recommend(user=…)`, many times as fast; scores that are equal but
        for rounding may change places.

        Parameters
        ----------
        users
            Names of `users`; `None`: all of them.
        method
            `hybrid`, or `svd` for the factorisation alone, which is faster still.
        n
            How many songs each, 1 to 500.
        threads
            How many work side by side; what comes does not depend on it.

        Returns
        -------
        polars.DataFrame
            Columns user, rank, song_id, score and source (which weighs most in the score), the
            listeners in the order asked for, the best song first.

        Raises
        ------
        RecsysError
            There is no such listener or method, or a number is out of its range.

        Examples
        --------
        >>> table = recommender.recommend_all(recommender.users[:2], n=3)
        >>> table["rank"].to_list()
        [1, 2, 3, 1, 2, 3]
        """
        check_number(n)
        histories = self._histories if users is None else self._histories.only(users)
        found = recommend_all(self._engine, histories, method=method, n=n, threads=threads)
        tables = [table_of(block, histories.users) for block in found]
        return pl.concat(tables) if tables else SCHEMA.to_frame()

    def _sorted(self, history: Mapping[int, float]) -> tuple[Ids, NDArray[np.float64]]:
        """The songs and plays of a history, most played first."""
        self._songs.check(history)
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
