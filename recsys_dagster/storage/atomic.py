"""Files and directories that are there whole or not at all."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

TEMPORARY_PREFIX = ".tmp-"
_FLUSHES = 16
_LEFTOVER = re.compile(re.escape(TEMPORARY_PREFIX) + "[0-9a-f]{12}-.+", re.DOTALL)


def temporary_name(target: Path) -> Path:
    """A name beside `target` that `sweep` knows for a leftover; the ending is kept."""
    return target.with_name(f"{TEMPORARY_PREFIX}{uuid4().hex[:12]}-{target.name}")


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Give a temporary path to write; flush it to disk and rename it to `target` at the end.

    After an exception the temporary file is gone and `target` is as it was.
    """
    with atomic_paths([target]) as (path,):
        yield path


@contextmanager
def atomic_paths(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """The same for many files, each of them for itself.

    They are flushed side by side: a disk that is asked for one flush after the other takes many
    times as long.
    """
    folders = {target.parent for target in targets}
    for folder in folders:
        make_folder(folder)
    temporaries = [temporary_name(target) for target in targets]
    try:
        yield temporaries
        if len(targets) == 1:
            flush(temporaries[0])
        else:
            with ThreadPoolExecutor(_FLUSHES) as pool:
                list(pool.map(flush, temporaries))
        for temporary, target in zip(temporaries, targets, strict=True):
            temporary.replace(target)
        for folder in folders:
            flush(folder)
    except BaseException:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)
        raise


@contextmanager
def atomic_directory(target: Path) -> Iterator[Path]:
    """Give a temporary directory to fill; put it in the place of `target` at the end.

    Directories cannot be exchanged in one step everywhere: a crash between the two renames
    leaves no `target`, never half of one, and the stage is done again.
    """
    make_folder(target.parent)
    temporary = temporary_name(target)
    temporary.mkdir()
    try:
        yield temporary
        flush_tree(temporary)
        if target.exists():
            old = temporary_name(target)
            target.rename(old)
            try:
                temporary.rename(target)
            except BaseException:
                old.rename(target)
                raise
            flush(target.parent)
            shutil.rmtree(old)  # when the new one is there for good
        else:
            temporary.rename(target)
            flush(target.parent)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def remove_tree(directory: Path) -> None:
    """Remove a directory: at once under its name, whatever happens while its files go."""
    doomed = temporary_name(directory)
    directory.rename(doomed)
    flush(directory.parent)
    shutil.rmtree(doomed)


def write_text(target: Path, text: str) -> None:
    """Write a whole text file, UTF-8."""
    with atomic_path(target) as path:
        path.write_text(text, encoding="utf-8")


def write_json(target: Path, document: Any) -> None:
    """Write a JSON document with sorted keys, so that equal content is equal bytes."""
    write_text(target, json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def make_folder(folder: Path) -> None:
    """Make a folder with those above it, and force their names to disk."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        flush(path.parent)


def flush(path: Path) -> None:
    """Force a file's bytes, or a directory's names, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def flush_tree(directory: Path) -> None:
    """Force all below a directory to disk."""
    for path in sorted(directory.rglob("*")):
        flush(path)
    flush(directory)


def sweep(root: Path) -> int:
    """Remove what killed processes left behind; returns how many. Call it holding the lock.

    Only names that `temporary_name` gives are leftovers: users have files below `root` too.
    """
    leftovers = [
        path for path in root.rglob(f"{TEMPORARY_PREFIX}*") if _LEFTOVER.fullmatch(path.name)
    ]
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(leftovers)
