"""How many releases stay, so that a year of refreshes does not fill the disk."""

from collections.abc import Iterable

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Releases
from recsys_dagster.storage.serving import fallbacks


def delete_old(layout: Layout, keep: int, protected: Iterable[str] = ()) -> list[str]:
    """Delete all but the newest releases; hold the lock.

    Parameters
    ----------
    layout
        Of the data folder.
    keep
        How many stay; 0: all.
    protected
        Releases that stay whatever their age, as do the current one, the one that would be read
        if that were damaged, and those that somebody went back to.

    Returns
    -------
    The ids of those that were deleted.
    """
    releases = Releases(layout.releases)
    newest_first = releases.ids()
    old = newest_first[keep:] if keep else []
    if not old or releases.current_id() not in newest_first:
        return []
    stays = {releases.current_id(), *protected, *releases.gone_back_to(), _stand_in(layout)}
    deleted = [release_id for release_id in old if release_id not in stays]
    for release_id in deleted:
        releases.delete(release_id)
    return deleted


def _stand_in(layout: Layout) -> str | None:
    """The release that is read where the current one is damaged."""
    releases = Releases(layout.releases)
    for release_id in fallbacks(layout):
        try:
            return releases.open(release_id).id
        except RecsysError:
            continue
    return None
