"""What the pipeline does about old releases, and about a CURRENT that names none."""

import shutil

import pytest

from recsys_dagster.defs.running import run_everything
from recsys_dagster.storage.serving import open_served
from recsys_dagster.workshop import Workshop


@pytest.mark.slow
def test_a_run_puts_current_right_and_lets_old_releases_go(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    current = str(shop.releases.current_id())
    old = [f"202001{day:02d}-000000-0123abcd" for day in (1, 2, 3, 4)]
    for release_id in old:
        shutil.copytree(shop.layout.releases / current, shop.layout.releases / release_id)
    (shop.layout.releases / old[3] / "features.npy").write_bytes(b"damaged")
    (shop.layout.releases / "CURRENT").unlink()
    (shop.layout.releases / "CURRENT").mkdir()
    monkeypatch.setenv("RECSYS_KEEP_RELEASES", "2")
    assert open_served(shop.layout, lambda release: release.id).opened == current
    run_everything()
    assert shop.releases.current_id() == current
    # The newest two, and the one that would be read if the current one were damaged.
    assert shop.releases.ids() == [current, old[3], old[2]]
    assert shop.stale() == []
