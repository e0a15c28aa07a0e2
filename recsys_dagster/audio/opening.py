"""The sources and batches of a data folder."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from recsys_dagster.audio.batches import FeatureBatches
from recsys_dagster.audio.sources import FeatureSource, Surroundings, make_sources
from recsys_dagster.settings import Settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.raw import find_raw_files
from recsys_dagster.storage.tables import read_table


@contextmanager
def open_sources(layout: Layout, settings: Settings) -> Iterator[list[FeatureSource]]:
    """The sources that the settings name, over the catalogues that are there, for as long."""
    hashes = find_raw_files(layout).hashes(layout, "catalogues")
    catalogues = {layout.catalogues / name: sha for name, sha in hashes.items()}
    around = Surroundings(catalogues, layout.answers, settings)
    with ExitStack() as opened:
        sources = make_sources(settings.feature_sources, around)
        for source in sources:
            opened.callback(source.close)
        yield sources


def open_batches(layout: Layout, sources: Sequence[FeatureSource]) -> FeatureBatches:
    """The batches of all songs that there are."""
    return FeatureBatches(read_table(layout.songs), layout.feature_batches, sources)


def pending_batches(layout: Layout, settings: Settings) -> list[int]:
    """The batches that are still to be done, or to be done again by now; none without songs."""
    if not layout.songs.exists():
        return []
    with open_sources(layout, settings) as sources:
        return open_batches(layout, sources).pending()
