"""A released world for the commands and the code of the pages, with what they are about."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from recsys_dagster import Recommender
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.manifests import MANIFEST
from recsys_dagster.storage.releases import MODEL_CARD, Releases
from recsys_dagster_tests.documentation.trials import SAID


@dataclass(frozen=True)
class Scene:
    """A data folder, and what the words of the pages stand for in it."""

    data: Path
    meant: dict[str, str]


@pytest.fixture(scope="session")
def told(demo_world: Path) -> dict[str, str]:
    """What there is of each thing in `SAID`, in the small released world."""
    recommender, layout = Recommender.open(demo_world), Layout(demo_world)
    songs = [song for song in recommender.popular(100) if song.has_audio]
    first = {song.artist: song for song in reversed(songs)}
    names = [f"{song.artist} - {song.title}" for song in first.values()]
    found = {f"song {at}": name for at, name in enumerate(names[:5])}
    (history,), (catalogue,) = (
        list(folder.iterdir()) for folder in (layout.demo_history, layout.demo_catalogues)
    )
    found |= {
        "artist": list(first)[5], "words": names[0].partition(" - ")[2],
        "listener": recommender.users[0], "older release": recommender.release_id,
        "history": str(history), "catalogue": str(catalogue),
    }  # fmt: skip
    return {said: found[thing] for said, thing in SAID.items()}


@pytest.fixture
def scene(demo_world: Path, told: dict[str, str], tmp_path: Path,
          monkeypatch: pytest.MonkeyPatch) -> Scene:  # fmt: skip
    """A copy of the released world, with a second release, as the settings' data folder."""
    data = tmp_path / "data"
    shutil.copytree(demo_world, data)
    _release_again(Releases(Layout(data).releases))
    monkeypatch.setenv("RECSYS_DATA_DIR", str(data))
    return Scene(data, told)


def _release_again(releases: Releases) -> None:
    current = releases.open_current()
    with releases.build() as building:
        shutil.copytree(current.path, building, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns(MANIFEST))  # fmt: skip
        (building / MODEL_CARD).write_text("Another card.\n", encoding="utf-8")
        figures, silent = current.manifest["figures"], _accept
        releases.publish(building, figures=figures, demo=True, check=silent)


def _accept(_: object) -> None:
    pass
