"""Content hashes: what decides whether something changed."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import xxhash

AT_ONCE = 2
"""Files that are hashed side by side; meanwhile others wait for the disk, or have a core too."""
_CHUNK = 1 << 20


FileState = tuple[str, int, int, int]
"""A file by its path, inode, size, and when anything of it changed (ctime, which no program can
set back)."""


def state_of(path: Path, status: os.stat_result | None = None) -> FileState:
    """What is another once a file is; `status` is that of the file, where it is known."""
    found = path.stat() if status is None else status
    return str(path), found.st_ino, found.st_size, found.st_ctime_ns


def hash_file(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_hash(path: Path) -> str:
    """XXH3 (128 bit) of a file, as 32 hexadecimal digits: which content it has, told fast.

    It reads gigabytes a second, and finds all accidents; against forgery use `hash_file`.
    """
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def hash_json(document: Any) -> str:
    """SHA-256 of a JSON document, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()


def checksum(document: Mapping[str, Any]) -> str:
    """What `document["checksum"]` has to be: SHA-256 of the rest, as JSON gives it back."""
    rest = {name: value for name, value in document.items() if name != "checksum"}
    return hash_json(json.loads(json.dumps(rest)))  # keys as they are read back


def hash_tree(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """The hash of each file among and below `paths`, by its name relative to `root`."""
    files = {
        file
        for path in paths
        for file in (path.rglob("*") if path.is_dir() else [path])
        if file.is_file()
    }
    return {file.relative_to(root).as_posix(): content_hash(file) for file in sorted(files)}
