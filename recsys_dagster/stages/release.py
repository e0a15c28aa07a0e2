"""Release: what is published, and what stays."""

from dataclasses import asdict
from typing import Any

import numpy as np

from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.evaluation.gate import Verdict, judge
from recsys_dagster.evaluation.variants import FINAL
from recsys_dagster.histories.times import times_of
from recsys_dagster.listening.listens import scan_listens
from recsys_dagster.recommend.packing import Histories, Parts, pack
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.ranker import Rankers
from recsys_dagster.recommend.recommender import Recommender
from recsys_dagster.stages.base import Facts, Made
from recsys_dagster.stages.laboratory import Laboratory
from recsys_dagster.stages.quality import CARD, SONG_MAP, read_evaluation
from recsys_dagster.storage.lock import writing
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.releases import Release
from recsys_dagster.storage.retention import delete_old
from recsys_dagster.storage.tables import read_table, scan_table
from recsys_dagster.workshop import Workshop


def make_release(shop: Workshop) -> Made:
    """A release, unless the one before is to stay."""
    evaluated = read_evaluation(shop)
    verdict = judge(evaluated)
    earlier = None if verdict.passed else worth_keeping(shop)
    gate = {**asdict(verdict), "kept": earlier is not None}
    if earlier is not None:
        shop.releases.roll_back(earlier.id)
        return [earlier.path], _facts(earlier, gate)
    with shop.releases.build() as building:
        card = (shop.layout.evaluation / CARD).read_text(encoding="utf-8")
        pack(building, _parts(shop), evaluated, card)
        demo = find_raw_files(shop.layout).demo
        release = shop.releases.publish(building, figures=_figures(shop), demo=demo, check=answers)
    return [release.path], _facts(release, gate)


def _facts(release: Release, gate: Facts) -> Facts:
    return {"release": release.id, "figures": release.manifest["figures"], "gate": gate}


def worth_keeping(shop: Workshop) -> Release | None:
    """The release that stays in the place of one with a hybrid that is worse than its parts.

    It is the current one, or the newest where that is lost or damaged. A made-up world is not
    kept for a listener's own, and a hybrid that failed the gate itself has no claim to stay.
    """
    demo = find_raw_files(shop.layout).demo
    current = shop.releases.current_id()
    for release_id in (*([current] if current else []), *shop.releases.ids()):
        try:
            release = shop.releases.open(release_id)
            answers(release)
            passed = judge(release.evaluation()).passed
        except (RecsysError, OSError, ValueError):
            continue
        if passed and release.manifest["demo"] == demo:
            return release
    return None


def gate_in_words(shop: Workshop) -> tuple[Verdict, bool]:
    """What the gate says of the hybrid and what that led to, and whether the old release stays."""
    stamp = shop.stamps.read("recommender_release")
    verdict = judge(read_evaluation(shop))
    if verdict.passed or stamp is None:
        return verdict, False
    release, kept = stamp.facts["release"], bool(stamp.facts.get("gate", {}).get("kept"))
    led_to = (
        f"So release {release} stays, and nothing new is published."
        if kept
        else f"Release {release} is published all the same, for want of an earlier one to keep."
    )
    return Verdict(False, f"{verdict.words} {led_to}"), kept


def answers(release: Release) -> None:
    """Open a release and ask it for songs.

    Raises
    ------
    RecsysError
        It cannot be opened, or has nothing to recommend for its most played song.
    """
    recommender = Recommender.from_release(release)
    songs = recommender.popular(1)
    if not songs:
        raise RecsysError("The release holds no song that anybody plays.")
    answer = recommender.recommend([songs[0].song_id], n=10)
    if not answer.recommendations and len(recommender.popular(2)) > 1:
        raise RecsysError(f"The release recommends nothing for {songs[0].title!r}.")
    if songs[0].song_id in {song.song_id for song in answer.recommendations}:
        raise RecsysError(f"The release recommends {songs[0].title!r} for itself.")


def _parts(shop: Workshop) -> Parts:
    lab = Laboratory(shop)
    features = scan_table(shop.layout.features).select(FEATURES).collect(engine="streaming")
    pairs, models = lab.pairs, lab.final_models()
    starts = np.searchsorted(pairs.user, np.arange(len(pairs.users) + 1)).astype(np.int64)
    times = times_of(
        scan_listens(shop.layout.listens),
        scan_table(shop.layout.interactions),
        scan_table(shop.layout.songs),
        pairs.users,
    )
    return Parts(
        read_table(shop.layout.songs),
        lab.artists,
        features.fill_null(float("nan")).to_numpy().astype(np.float32),
        FEATURES,
        models.svd,
        models.items,
        models.knn,
        Rankers.load(shop.layout.ranker / FINAL),
        Histories(pairs.users, starts, pairs.song, pairs.plays, times),
        places=Places.of(read_table(shop.layout.evaluation / SONG_MAP)),
    )


def _figures(shop: Workshop) -> dict[str, Any]:
    """Counts and headline figures for the manifest, from the stages' own stamps."""
    stamps = {name: stamp for name in ("listens", "audio_features")
              if (stamp := shop.stamps.read(name))}  # fmt: skip
    heard, audio = stamps["listens"].facts, stamps["audio_features"].facts
    methods = read_evaluation(shop)["methods"]
    return {
        "listens": heard["listens"],
        "users": heard["users"],
        "songs": audio["songs"],
        "songs_with_features": audio["songs_with_features"],
        "features_by_source": audio["by_source"],
        "missing_by_reason": audio["missing_by_reason"],
        "share_of_plays_with_features": round(audio["share_of_plays"], 4),
        "ndcg@10": {method: figures["ndcg@10"] for method, figures in methods.items()},
        "data_version": stamps["listens"].data_version,
        "new_since_evaluation": round(shop.new_since_evaluation(), 4),
    }


def tidy(shop: Workshop) -> None:
    """Put CURRENT back where it was lost, and delete old releases; one rolled back to stays."""
    stamp = shop.stamps.read("recommender_release")
    if stamp is None:
        return
    with writing(shop.layout):
        if shop.releases.current_id() not in shop.releases.ids():
            shop.releases.roll_back(stamp.facts["release"])
        delete_old(shop.layout, shop.settings.keep_releases, [stamp.facts["release"]])
