"""`recsys status`: what there is."""

from collections.abc import Mapping
from typing import Any

from recsys_dagster.commands import console
from recsys_dagster.commands.parts import AsJson, DataDir, chosen_settings, print_json
from recsys_dagster.commands.releases import rolled_back
from recsys_dagster.settings import Settings


def status(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what there is: listens, songs, audio features, pending batches, the release."""
    from recsys_dagster.status import read_status

    settings = chosen_settings(data_dir)
    found = read_status(settings)
    if as_json:
        print_json(found)
    else:
        console.show_facts(_facts(found, settings))


def _facts(found: Mapping[str, Any], settings: Settings) -> list[tuple[str, str]]:
    sources = ", ".join(f"{name} {count:,}" for name, count in found["features_by_source"].items())
    reasons = ", ".join(f"{name} {count:,}" for name, count in found["missing_by_reason"].items())
    ndcg = found["figures"].get("ndcg@10", {}).get("hybrid")
    facts = [
        ("data folder", found["data_dir"] + (" (made-up demo world)" if found["demo"] else "")),
        ("listens", f"{found['listens']:,} by {found['users']:,} listeners"),
        ("songs", f"{found['songs']:,}"),
        ("with audio features", f"{found['songs_with_features']:,}"
                                f" ({found['share_of_plays_with_features']:.0%} of the plays)"),
        ("  by source", sources or "none"),
        ("  missing because", reasons or "none is missing"),
        ("pending batches", f"{found['pending_batches']:,}"),
        ("release", found["release"] or "none yet: run `recsys run`"),
        *rolled_back(settings),
    ]  # fmt: skip
    if ndcg is not None:
        facts.append(("NDCG@10 of the hybrid", f"{ndcg:.3f}"))
    if problem := found.get("release_problem"):
        facts.append(("problem", problem))
        facts.append(("used instead", found["served_release"] or "none: there is no other"))
    return facts
