"""What users dropped into the data folder, and when the demo world steps back."""

from dataclasses import dataclass
from pathlib import Path

from recsys_dagster.storage.atomic import TEMPORARY_PREFIX
from recsys_dagster.storage.hashing import hash_tree
from recsys_dagster.storage.layout import Layout


@dataclass(frozen=True, slots=True)
class RawFiles:
    """The files that a run reads; `demo` tells that they are the made-up world's.

    `strays` are links that lead out of `raw`, which are not read: one that came with an archive
    would bring any file of this machine before those who use the app.
    """

    history: tuple[Path, ...]
    catalogues: tuple[Path, ...]
    demo: bool
    strays: tuple[Path, ...] = ()

    def remarks(self) -> list[str]:
        """What is not read, in words."""
        return [
            f"{link.name} is a link that leads out of the data folder's raw: it is not read. Put "
            "the file itself there, or use `recsys import`."
            for link in self.strays
        ]

    def hashes(self, layout: Layout, kind: str) -> dict[str, str]:
        """Content hashes of the files of a kind ("history" or "catalogues"), by name."""
        if kind == "history":
            return hash_tree(self.history, layout.history)
        return hash_tree(self.catalogues, layout.catalogues)


def find_raw_files(layout: Layout) -> RawFiles:
    """The user's own files; the demo world's only while there is no other history.

    Made-up listens never mix with real ones: the first real history puts the demo aside.
    """
    (history, strays), (catalogues, others) = _files(layout.history), _files(layout.catalogues)
    own = tuple(file for file in history if not file.is_relative_to(layout.demo_history))
    demo = not own and bool(history)
    if not demo:
        catalogues = tuple(
            file for file in catalogues if not file.is_relative_to(layout.demo_catalogues)
        )
    return RawFiles(own or history, catalogues, demo, strays + others)


def _files(directory: Path) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """The files below a folder of `raw`, none of them hidden, and the links that lead elsewhere."""
    hidden, raw = (".", TEMPORARY_PREFIX), directory.parent.resolve()
    found = [
        file
        for file in sorted(directory.rglob("*"))
        if not any(part.startswith(hidden) for part in file.relative_to(directory).parts)
        and file.is_file()
    ]
    strays = tuple(
        file for file in found if file.is_symlink() and not file.resolve().is_relative_to(raw)
    )
    return tuple(file for file in found if file not in strays), strays
