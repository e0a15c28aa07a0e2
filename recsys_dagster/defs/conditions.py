"""Declarative automation: what is missing on disk is made, whatever the event log says."""

from typing import Any

import dagster as dg

from recsys_dagster.audio.opening import pending_batches
from recsys_dagster.defs.partitions import SONG_BATCHES, batch_key
from recsys_dagster.errors import RecsysError
from recsys_dagster.workshop import Workshop


class PendingOnDisk(dg.AutomationCondition[dg.AssetKey]):
    """True for the partitions whose batches are still to be done, or to be done again by now.

    Dagster's own `missing` asks the event log, which forgets old runs and knows nothing of
    batches that `recsys run` filled, or that have to be asked for again.
    """

    @property
    def name(self) -> str:
        """As the UI shows it."""
        return "pending_on_disk"

    @property
    def description(self) -> str:
        """In words."""
        return "The batch is still to be looked up"

    def evaluate(self, context: dg.AutomationContext[Any]) -> dg.AutomationResult[Any]:
        """Those of the candidates that are pending."""
        keys = {batch_key(batch) for batch in _pending(Workshop.open())}
        there = context.candidate_subset.expensively_compute_partition_keys()
        pending = context.asset_graph_view.get_subset_from_partition_keys(
            context.key, SONG_BATCHES, keys & set(there)
        )
        return dg.AutomationResult(context, pending)


def _pending(shop: Workshop) -> list[int]:
    """The batches that are pending; none while the songs are not known or not whole."""
    if shop.stamps.read("unique_songs") is None:
        return []
    try:
        return pending_batches(shop.layout, shop.settings)
    except RecsysError:
        return []  # a run says what is wrong, once


# A batch that failed waits for the next run of everything: sources that are down have a time from
# which they are asked again, and all else needs somebody to look.
FILL_PENDING = (
    PendingOnDisk()
    & ~dg.AutomationCondition.in_progress()
    & ~dg.AutomationCondition.execution_failed()
).with_label("fill_pending")
