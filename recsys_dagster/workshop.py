"""The stages: what each depends on, and whether it is done.

Whether a stage is done is told by its stamp on disk (`recsys_dagster.storage.stages`), never by
any event log. How a stage runs as an asset is in `recsys_dagster.defs.stages`.
"""

from dataclasses import dataclass
from functools import cached_property

from recsys_dagster.audio.batches import VERSION as BATCHES_VERSION
from recsys_dagster.listening.formats import FORMATS
from recsys_dagster.recommend.features import FEATURE_NAMES
from recsys_dagster.recommend.methods import METHODS
from recsys_dagster.relearning import (
    DATA,
    FINAL_TOO,
    LEARNED,
    LEARNED_FROM,
    held_out_stamp,
    plays_apart,
    stands,
)
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster.storage.format import refuse_newer
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.stages import SeenWhole, Stamp, Stamps, fingerprint
from recsys_dagster.web.terms import has_come

RETRY_AT = "retry_at"
"""Fact of a stage: unix seconds from which it has to be done again, whatever it was made from."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage.

    Parameters
    ----------
    name
        The asset's name.
    code_version
        Raised when the stage would make something else of the same inputs.
    upstream
        Stages whose outputs it reads.
    raw
        Which of the user's files it reads: "history", "catalogues".
    settings
        The settings that it depends on.
    """

    name: str
    code_version: str
    upstream: tuple[str, ...] = ()
    raw: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


READERS = ", ".join(f"{form.name} {form.version}" for form in FORMATS)
"""A reader that is new, or that changed, reads the files again."""
CANDIDATES = ", ".join(FEATURE_NAMES)
"""A candidate source that is new, or of which the ranker sees something else, is learned with."""
RANKED = ", ".join(METHODS)
"""A method that is new is measured."""
INTERACTIONS = ("user_song_interactions", "unique_songs")
MODELS = ("svd_model", "item_neighbours", "knn_index")

STAGES: dict[str, Stage] = {
    stage.name: stage
    for stage in (
        Stage("listens", f"2 {READERS}", raw=("history",)),
        Stage("user_song_interactions", "4", ("listens",)),
        Stage("unique_songs", "2", ("user_song_interactions",)),
        Stage(
            "audio_features",
            f"1 batches {BATCHES_VERSION}",
            ("unique_songs",),
            ("catalogues",),
            ("feature_sources",),
        ),
        Stage("svd_model", "6", INTERACTIONS, settings=("svd_objective", "engine")),
        Stage("item_neighbours", "2", INTERACTIONS),
        Stage("knn_index", "1", ("audio_features",)),
        Stage("ranker", f"3 {CANDIDATES}", (*INTERACTIONS, *MODELS)),
        Stage(
            "evaluation",
            f"4 {RANKED}",
            ("listens", *INTERACTIONS, "audio_features", *MODELS, "ranker"),
        ),
        Stage(
            "recommender_release",
            "7",
            ("listens", *INTERACTIONS, "audio_features", *MODELS, "ranker", "evaluation"),
        ),
        Stage("user_recommendations", "1", ("recommender_release",)),
    )
}


class Workshop:
    """A data folder with its settings, as a stage works in it.

    Parameters
    ----------
    settings
        The settings in force.
    full
        Whether everything is to be learned anew, however little is new.
    thorough
        Whether what is done is read whole before it counts as done; see `Stamps`.
    seen
        What was read whole before; see `Stamps`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        full: bool = False,
        thorough: bool = False,
        seen: SeenWhole | None = None,
    ) -> None:
        self.settings = settings
        self.full = full
        self.layout = Layout(settings.data_dir)
        self.stamps = Stamps(self.layout, thorough=thorough, seen=seen)
        self.releases = Releases(self.layout.releases)

    @classmethod
    def open(
        cls, *, full: bool = False, thorough: bool = False, seen: SeenWhole | None = None
    ) -> "Workshop":
        """The workshop of the settings in force.

        Raises
        ------
        RecsysError
            A setting is wrong, or the data folder is of a newer version.
        """
        settings = load_settings()
        refuse_newer(Layout(settings.data_dir))
        return cls(settings, full=full, thorough=thorough, seen=seen)

    def expected(self, stage: Stage) -> str:
        """The fingerprint that the stage has when it is done with what is there now."""
        inputs: dict[str, str | None] = {
            name: stamp.data_version if (stamp := self.stamps.read(name)) else None
            for name in stage.upstream
        }
        raw = find_raw_files(self.layout)
        for kind in stage.raw:
            hashes = raw.hashes(self.layout, kind)
            inputs |= {f"raw/{kind}/{name}": sha for name, sha in hashes.items()}
        settings = {name: getattr(self.settings, name) for name in stage.settings}
        return fingerprint(stage.code_version, inputs, settings)

    def done(self, stage: Stage) -> Stamp | None:
        """The stamp of a stage that need not be done again."""
        if stage.name in LEARNED:
            return self._learned(stage)
        stamp = self.stamps.current(stage.name, self.expected(stage))
        retry_at = stamp.facts.get(RETRY_AT) if stamp else None
        return None if retry_at is not None and has_come(retry_at) else stamp

    def _learned(self, stage: Stage) -> Stamp | None:
        """The same of a stage of `LEARNED`: what it learned of held-out listeners may stand."""
        current = self.stamps.current(stage.name, self.expected(stage))
        if self.learning_stands():
            return current if stage.name in FINAL_TOO else self.stamps.read(stage.name)
        held_out = self.stamps.read(held_out_stamp(stage.name))
        of_now = held_out and held_out.facts.get(LEARNED_FROM) == self.data()
        return current if of_now else None

    def learning_stands(self) -> bool:
        """Whether only the models that are released have to learn what is new."""
        if self.full:
            return False
        learned = [self.stamps.read(held_out_stamp(name)) for name in LEARNED]
        plays, limit = self.stamps.read(DATA[0]), self.settings.relearn_after
        return all(learned) and stands(learned, plays, self.rules, self.with_features(), limit)

    def data(self) -> dict[str, str | None]:
        """The versions of the data that models learn from."""
        stamps = {name: self.stamps.read(name) for name in DATA}
        return {name: stamp.data_version if stamp else None for name, stamp in stamps.items()}

    @cached_property
    def rules(self) -> str:
        """One hash of what learning goes by: code, settings, and the user's catalogues."""
        names = ("audio_features", "knn_index", *LEARNED)
        settings = {setting for name in names for setting in STAGES[name].settings}
        return hash_json(
            {
                "code": {name: STAGES[name].code_version for name in names},
                "settings": {name: getattr(self.settings, name) for name in sorted(settings)},
                "catalogues": find_raw_files(self.layout).hashes(self.layout, "catalogues"),
            }
        )

    def new_since_evaluation(self) -> float:
        """The share of plays that are new since ranker and evaluation were made."""
        sealed, plays = self.stamps.read(LEARNED[-1]), self.stamps.read(DATA[0])
        if sealed is None or plays is None:
            return 0.0
        return plays_apart(plays, sealed.facts[LEARNED_FROM])

    def with_features(self) -> int | None:
        """How many songs have audio features; `None` while that is not known."""
        stamp = self.stamps.read("audio_features")
        return int(stamp.facts["songs_with_features"]) if stamp else None

    def stale(self) -> list[str]:
        """The stages that have to be done, and all that depend on them, in order."""
        found: list[str] = []
        for stage in STAGES.values():
            if set(stage.upstream) & set(found) or self.done(stage) is None:
                found.append(stage.name)
        return found
