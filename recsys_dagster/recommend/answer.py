"""What a recommendation request answers, as objects, JSON and a table."""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Song:
    """A song of the released catalogue.

    Attributes
    ----------
    song_id
        Its id, for good.
    artist, title
        As they are spelled most.
    plays, listeners
        Totals over the whole history.
    has_audio
        Whether the audio sources can use the song.
    spotify_id
        Where a history or a look-up said so.
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
        The text.
    song
        `None`: the catalogue does not have it.
    suggestions
        The nearest songs of the catalogue when there is no match.
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
        The name or id.
    songs
        How many songs of the catalogue it is.
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
        Of the seed.
    share
        The shares of a song add up to 1; of a listener's whole history only the strongest are
        named.
    """

    song_id: int
    share: float


@dataclass(frozen=True, slots=True)
class AudioAgreement:
    """One audio feature in which a song is like the seeds.

    Attributes
    ----------
    feature
        Its name.
    seed, song
        The mean of the seeds, and the song's own value, in the feature's own unit.
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
        Which seeds it is recommended for, the strongest first.
    audio
        The audio features in which it is nearest to them, the nearest first.
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
    song_id, artist, title, spotify_id
        As `Song` has them.
    score
        What the method gives the song, in the method's own unit, and what `because` explains.
        Re-ranking changes which songs come and in what order, never a score: a song with a lower
        one may then stand above, and how far its score is below the best says what was given up
        for what was asked.
    sources
        The candidate sources that brought it, the strongest first.
    because
        Why it was recommended.
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
        What could be used: `known` (seeds or a history with listens: the method as asked for),
        `audio` (seeds with audio features alone: what sounds alike), `unknown` (nothing is known
        of any seed) or `none` (there was no seed); the last two answer from the most played songs.
    seeds
        What was asked for, and the songs that it was taken for.
    recommendations
        Best first.
    user
        The listener, where one was asked for.
    excluded
        What was to be left out.

    Examples
    --------
    >>> answer = recommender.recommend(["Nobody - Nothing at All"], n=2)
    >>> answer.rung, answer.seeds[0].matched
    ('unknown', False)
    >>> answer.to_frame().columns
    ['rank', 'song_id', 'artist', 'title', 'score', 'sources', 'spotify_id']
    """

    release: str
    method: str
    rung: str
    seeds: tuple[Seed, ...]
    recommendations: tuple[Recommendation, ...]
    user: str | None = None
    excluded: tuple[Exclusion, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The document that `recsys recommend --json` prints, of dicts, lists and plain values."""
        return {
            "release": self.release,
            "method": self.method,
            "rung": self.rung,
            "user": self.user,
            "seeds": [seed.to_dict() for seed in self.seeds],
            "excluded": [one.to_dict() for one in self.excluded],
            "recommendations": [asdict(song) for song in self.recommendations],
        }

    def to_json(self) -> str:
        """That document as text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def to_frame(self) -> "pl.DataFrame":
        """The recommendations as a Polars table, one row a song; `because` is left out."""
        import polars as pl

        columns: dict[str, Any] = {
            "rank": pl.Int64, "song_id": pl.Int64, "artist": pl.String, "title": pl.String,
            "score": pl.Float64, "sources": pl.List(pl.String), "spotify_id": pl.String,
        }  # fmt: skip
        rows = [[getattr(song, name) for name in columns] for song in self.recommendations]
        return pl.DataFrame(rows, schema=columns, orient="row")
