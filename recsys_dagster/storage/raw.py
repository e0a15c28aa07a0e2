"""What users dropped into the data folder, and when the demo world steps back."""

from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.storage.atomic import TEMPORARY_PREFIX
from recsys_dagster.storage.hashing import hash_tree
from recsys_dagster.storage.layout import Layout


@dataclass(frozen=True, slots=True)
class RawFiles:
    """The files that a run reads; `demo` tells that they are the made-up world's."""

    history: tuple[Path, ...]
    catalogues: tuple[Path, ...]
    demo: bool

    def hashes(self, layout: Layout, kind: str) -> dict[str, str]:
        """Content hashes of the files of a kind ("history" or "catalogues"), by name."""
        if kind == "history":
            return hash_tree(self.history, layout.history)
        return hash_tree(self.catalogues, layout.catalogues)


def find_raw_files(layout: Layout) -> RawFiles:
    """The user's own files; the demo world's only while there is no other history.

    Made-up listens never mix with real ones: the first real history puts the demo aside.
    """
    history, catalogues = _files(layout.history), _files(layout.catalogues)
    own = tuple(file for file in history if not file.is_relative_to(layout.demo_history))
    demo = not own and bool(history)
    if not demo:
        catalogues = tuple(
            file for file in catalogues if not file.is_relative_to(layout.demo_catalogues)
        )
    return RawFiles(own or history, catalogues, demo)


def _files(directory: Path) -> tuple[Path, ...]:
    hidden = (".", TEMPORARY_PREFIX)
    return tuple(
        sorted(
            file
            for file in directory.rglob("*")
            if file.is_file()
            and not any(part.startswith(hidden) for part in file.relative_to(directory).parts)
        )
    )
