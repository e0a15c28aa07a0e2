"""What a recommendation request answers, and its JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Song:
    """A song of the released catalogue.

    Attributes
    ----------
    song_id
        The id that it has for good, from 0.
    artist
        As it is spelled most.
    title
        The same.
    plays
        Of all listeners.
    listeners
        Who have played it.
    has_audio
        Whether the methods that go by sound can use it.
    spotify_id
        Its id at Spotify, where a history or a catalogue told it.
    """

    song_id: int
    artist: str
    title: str
    plays: int = 0
    listeners: int = 0
    has_audio: bool = False
    spotify_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seed:
    """What was asked for, and the song that it was taken for.

    Attributes
    ----------
    query
        The text, or "Artist - Title" of an id.
    song
        `None`: it is not in the catalogue.
    suggestions
        The nearest songs of the catalogue where there is no match.
    """

    query: str
    song: Song | None = None
    suggestions: tuple[Song, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether the catalogue has the song."""
        return self.song is not None

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the JSON answer."""
        found: dict[str, Any] = {"query": self.query, "matched": self.matched}
        if self.song:
            found |= {
                "song_id": self.song.song_id,
                "artist": self.song.artist,
                "title": self.song.title,
            }
        else:
            found["suggestions"] = [f"{song.artist} - {song.title}" for song in self.suggestions]
        return found


@dataclass(frozen=True, slots=True)
class Exclusion:
    """What was to be left out.

    Attributes
    ----------
    kind
        `artist` or `song`.
    query
        As it was asked for.
    songs
        How many songs of the catalogue that is; 0: it has none.
    suggestions
        The nearest songs of the catalogue where a song has no match.
    """

    kind: str
    query: str
    songs: int
    suggestions: tuple[Song, ...] = ()

    @property
    def matched(self) -> bool:
        """Whether the catalogue has it."""
        return self.songs > 0

    def to_dict(self) -> dict[str, Any]:
        """As it stands in the JSON answer."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "query": self.query,
            "matched": self.matched,
            "songs": self.songs,
        }
        if self.kind == "song" and not self.matched:
            found["suggestions"] = [f"{song.artist} - {song.title}" for song in self.suggestions]
        return found


@dataclass(frozen=True, slots=True)
class SeedShare:
    """How much of a song's score one seed brought.

    Attributes
    ----------
    song_id
        The seed.
    share
        0 … 1. The shares of a song add up to 1, but of a whole history only the strongest seeds
        are named.
    """

    song_id: int
    share: float


@dataclass(frozen=True, slots=True)
class AudioAgreement:
    """One audio feature in which a song is like the seeds.

    Attributes
    ----------
    feature
        Its name, such as tempo.
    seed
        The mean of the seeds, in the feature's own unit (see `Recommender.audio`).
    song
        The value of the song, in the same.
    """

    feature: str
    seed: float
    song: float


@dataclass(frozen=True, slots=True)
class Because:
    """Why a song was recommended, computed from the scores.

    Attributes
    ----------
    seeds
        What the seeds brought, the strongest first; empty where no seed was used.
    audio
        The features in which it is nearest to the seeds; empty where audio features are missing.
    """

    seeds: tuple[SeedShare, ...] = ()
    audio: tuple[AudioAgreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended song.

    Attributes
    ----------
    rank
        1 for the best.
    song_id
        As in `Song`.
    artist
        As in `Song`.
    title
        As in `Song`.
    score
        What the method gives the song, in the method's own unit; with a learned ranker that of the
        hybrid is a probability. Re-ranking changes which songs come and in what order, never a
        score: a song with a lower one may then stand above, and how far its score is below the best
        says what was given up for what was asked.
    sources
        The candidate sources that brought it, the strongest first.
    because
        Explains the score.
    spotify_id
        As in `Song`.
    """

    rank: int
    song_id: int
    artist: str
    title: str
    score: float
    sources: tuple[str, ...]
    because: Because = field(default_factory=Because)
    spotify_id: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What `Recommender.recommend` gives.

    Attributes
    ----------
    release
        The id of the release that answered.
    method
        As asked for.
    rung
        What could be used, one of `RUNGS`: `known` (seeds or a history with listens: the method as
        asked for), `audio` (seeds with audio features alone: what sounds alike), `unknown`
        (nothing is known of any seed) or `none` (there was no seed); the last two answer from the
        most played songs.
    seeds
        What was asked with.
    recommendations
        The songs, best first.
    user
        The listener that was asked for.
    excluded
        What was to be left out.
    """

    release: str
    method: str
    rung: str
    seeds: tuple[Seed, ...]
    recommendations: tuple[Recommendation, ...]
    user: str | None = None
    excluded: tuple[Exclusion, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As `recsys recommend --json` prints it."""
        return {
            "release": self.release,
            "method": self.method,
            "rung": self.rung,
            "user": self.user,
            "seeds": [seed.to_dict() for seed in self.seeds],
            "excluded": [one.to_dict() for one in self.excluded],
            "recommendations": [asdict(song) for song in self.recommendations],
        }
