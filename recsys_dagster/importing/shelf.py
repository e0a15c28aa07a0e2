"""Where imported files are put; the same content is not put there twice."""

import shutil
from pathlib import Path, PurePosixPath

from recsys_dagster.storage.atomic import atomic_path
from recsys_dagster.storage.hashing import content_hash
from recsys_dagster.storage.layout import Layout


class Shelf:
    """The folders of `raw/`, with what lies in them."""

    def __init__(self, layout: Layout) -> None:
        self.history = layout.history
        self.catalogues = layout.catalogues
        self._by_size: dict[Path, dict[int, list[Path]]] = {}
        self._hashes: dict[Path, str] = {}

    def place(self, file: Path, folder: Path, relative: PurePosixPath) -> tuple[Path, bool]:
        """Copy a file into a folder, unless its content lies somewhere in it.

        Returns
        -------
        target, already_there
            Where it lies: under a number, if another content has the name.
        """
        size, digest = file.stat().st_size, content_hash(file)
        for other in self._files(folder).get(size, []):
            if self._hash(other) == digest:
                return other, True
        target, number = folder / relative, 2
        while target.exists():
            target = folder / relative.with_name(f"{relative.stem}-{number}{relative.suffix}")
            number += 1
        with atomic_path(target) as path:
            shutil.copyfile(file, path)
        self._files(folder).setdefault(size, []).append(target)
        self._hashes[target] = digest
        return target, False

    def _files(self, folder: Path) -> dict[int, list[Path]]:
        """The files below a folder by their size; a run does not read hidden ones."""
        if folder not in self._by_size:
            found: dict[int, list[Path]] = {}
            for file in sorted(folder.rglob("*")):
                parts = file.relative_to(folder).parts
                if file.is_file() and not any(part.startswith(".") for part in parts):
                    found.setdefault(file.stat().st_size, []).append(file)
            self._by_size[folder] = found
        return self._by_size[folder]

    def _hash(self, file: Path) -> str:
        if file not in self._hashes:
            self._hashes[file] = content_hash(file)
        return self._hashes[file]
