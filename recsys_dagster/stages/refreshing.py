"""Directories of models, of which a refresh replaces the final one alone."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from recsys_dagster.evaluation.variants import FINAL
from recsys_dagster.relearning import LEARNED_FROM, held_out_stamp
from recsys_dagster.stages.base import Facts
from recsys_dagster.storage.atomic import atomic_directory
from recsys_dagster.storage.hashing import hash_json
from recsys_dagster.workshop import Workshop


def stamp_held_out(shop: Workshop, stage: str, directory: Path, facts: Facts) -> None:
    """Record what a stage learned without the held-out listeners; the next refreshes keep it."""
    origin, parts = shop.data(), [path for path in directory.iterdir() if path.name != FINAL]
    facts = {**facts, LEARNED_FROM: origin}
    shop.stamps.write(held_out_stamp(stage), hash_json(origin), parts, facts)


@contextmanager
def all_but_final(target: Path) -> Iterator[Path]:
    """Replace a directory of models; what was learned without the held-out listeners stays."""
    with atomic_directory(target) as directory:
        for kept in sorted(target.iterdir()):
            if kept.name != FINAL:
                link_tree(kept, directory / kept.name)
        yield directory


def link_tree(source: Path, target: Path) -> None:
    """Give a directory's files a second place; both are to be left as they are."""
    shutil.copytree(source, target, copy_function=_link)


def _link(source: str, target: str) -> None:
    """The same file under two names: models are never changed, only replaced."""
    try:
        os.link(source, target)
    except OSError:  # a disk that cannot
        shutil.copy2(source, target)


class Saved(Protocol):
    """What can be saved into a directory that exists."""

    def save(self, directory: Path) -> None:
        """Write it."""


def save_in(model: Saved, directory: Path) -> None:
    """Save a model in a directory of its own."""
    directory.mkdir()
    model.save(directory)
