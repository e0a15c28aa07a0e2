"""What a recommendation request answers, and its JSON."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Song:
    """A song of the released catalogue.

    `plays` and `listeners` are totals over the whole history; `has_audio` says whether the
    audio sources can use the song.
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
    """What was asked for, and the song that it was taken for (`None`: not in the catalogue).

    `suggestions` are the nearest songs of the catalogue when there is no match.
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
    """What was to be left out: an `artist` or a `song`, and how many songs of the catalogue it is.

    `suggestions` are the nearest songs of the catalogue where a song has no match.
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

    The shares of a song add up to 1; of a listener's whole history only the strongest are named.
    """

    song_id: int
    share: float


@dataclass(frozen=True, slots=True)
class AudioAgreement:
    """One audio feature in which a song is like the seeds' mean, in the feature's own unit."""

    feature: str
    seed: float
    song: float


@dataclass(frozen=True, slots=True)
class Because:
    """Why a song was recommended, computed from the scores."""

    seeds: tuple[SeedShare, ...] = ()
    audio: tuple[AudioAgreement, ...] = ()


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended song; `sources` are the candidate sources that brought it.

    `score` is what the method gives the song, and what `because` explains. Re-ranking changes
    which songs come and in what order, never a score: a song with a lower one may then stand
    above, and how far its score is below the best says what was given up for what was asked.
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

    `rung` says what could be used: `known` (seeds or a history with listens: the method as asked
    for), `audio` (seeds with audio features alone: what sounds alike), `unknown` (nothing is known
    of any seed) or `none` (there was no seed); the last two answer from the most played songs.
    `excluded` is what was to be left out.
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
