"""Where things lie in the data folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a data folder; nothing is created by asking for them."""

    root: Path

    @property
    def format(self) -> Path:
        """Which form this folder has (`recsys_dagster.storage.format`)."""
        return self.root / "format.json"

    @property
    def history(self) -> Path:
        """Where users drop their listening histories; never changed."""
        return self.root / "raw" / "history"

    @property
    def catalogues(self) -> Path:
        """Where users drop catalogues of audio features; never changed."""
        return self.root / "raw" / "features"

    @property
    def demo_history(self) -> Path:
        """The made-up listening history."""
        return self.history / "demo"

    @property
    def demo_catalogues(self) -> Path:
        """The made-up catalogue of audio features."""
        return self.catalogues / "demo"

    @property
    def listens(self) -> Path:
        """One Parquet file for each history file."""
        return self.root / "tables" / "listens"

    @property
    def readings(self) -> Path:
        """What was read of each history file; wiping it costs reading again and nothing else."""
        return self.root / "cache" / "readings"

    @property
    def answers(self) -> Path:
        """What services have answered, one SQLite file each; wiping it costs asking again."""
        return self.root / "cache" / "answers"

    @property
    def interactions(self) -> Path:
        """One row a listener and song."""
        return self.root / "tables" / "interactions.parquet"

    @property
    def songs(self) -> Path:
        """One row a song."""
        return self.root / "tables" / "songs.parquet"

    @property
    def feature_batches(self) -> Path:
        """One Parquet file for each batch of 500 songs."""
        return self.root / "tables" / "audio_features"

    @property
    def features(self) -> Path:
        """All batches in one table."""
        return self.root / "tables" / "audio_features.parquet"

    @property
    def recommendations(self) -> Path:
        """What every listener is recommended, one row a listener and rank."""
        return self.root / "tables" / "user_recommendations.parquet"

    @property
    def svd(self) -> Path:
        """The factorisation."""
        return self.root / "models" / "svd"

    @property
    def items(self) -> Path:
        """The item-item neighbours."""
        return self.root / "models" / "items"

    @property
    def knn(self) -> Path:
        """The index over the audio features."""
        return self.root / "models" / "knn"

    @property
    def ranker(self) -> Path:
        """What joins the candidate sources."""
        return self.root / "models" / "ranker"

    @property
    def learned_from(self) -> Path:
        """The interactions that ranker and evaluation are of, to tell how much is new since."""
        return self.root / "models" / "learned_from.parquet"

    @property
    def evaluation(self) -> Path:
        """Figures and plots."""
        return self.root / "evaluation"

    @property
    def releases(self) -> Path:
        """What serving reads."""
        return self.root / "releases"

    @property
    def stamps(self) -> Path:
        """What each stage was made from; wiping it costs a recomputation and nothing else."""
        return self.root / "cache" / "stages"

    @property
    def fetches(self) -> Path:
        """What fetches under way have got so far; wiping it costs those pages."""
        return self.root / "cache" / "fetch"

    @property
    def dagster(self) -> Path:
        """Dagster's own files, unless DAGSTER_HOME says otherwise."""
        return self.root / "dagster"

    @property
    def logs(self) -> Path:
        """What the servers of `recsys up` say."""
        return self.root / "cache" / "logs"

    @property
    def temporary(self) -> Path:
        """Temporary files of the one process that writes; emptied by the next one."""
        return self.root / "cache" / "temporary"

    @property
    def under_way(self) -> Path:
        """Names the stage that is being worked on."""
        return self.root / "cache" / "under_way.json"

    @property
    def lock(self) -> Path:
        """Held by the one process that writes."""
        return self.root / "cache" / "lock"
