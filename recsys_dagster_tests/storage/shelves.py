"""Small releases in a data folder, for tests of what happens to releases."""

from pathlib import Path

from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases


def publish(layout: Layout, note: str, *, demo: bool = False) -> Release:
    """A release that is told by its one file."""
    releases = Releases(layout.releases)
    with releases.build() as building:
        (building / "note").write_text(note)
        return releases.publish(building, figures={}, demo=demo, check=lambda _: None)


def damage(release: Release) -> None:
    """Flip a bit."""
    path = release.path / "note"
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def own_history(root: Path) -> None:
    """A history of a listener's own: what is served then must not be made up."""
    (root / "raw" / "history").mkdir(parents=True)
    (root / "raw" / "history" / "own.csv").write_text("own")
