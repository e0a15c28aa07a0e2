"""What a release says of itself, and whether its files are as they were released."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.hashing import AT_ONCE, checksum, content_hash, hash_file, hash_json

SCHEMA_VERSION = 1
MANIFEST = "manifest.json"


def describe_files(directory: Path) -> dict[str, dict[str, Any]]:
    """Hashes and size of every file below a directory, by its name there."""
    paths = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    names = [path.relative_to(directory).as_posix() for path in paths]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(names, pool.map(_describe, paths), strict=True))


def _describe(path: Path) -> dict[str, Any]:
    return {
        "sha256": hash_file(path),
        "xxh3_128": content_hash(path),
        "size": path.stat().st_size,
    }


def content_of(files: Mapping[str, Mapping[str, Any]]) -> str:
    """One hash over the contents of described files."""
    return hash_json({name: file["sha256"] for name, file in files.items()})


def read_manifest(release: Path) -> dict[str, Any]:
    """The manifest of a release, by its directory.

    Raises
    ------
    RecsysError
        It is damaged, or of another version.
    """
    try:
        manifest: dict[str, Any] = json.loads((release / MANIFEST).read_text(encoding="utf-8"))
        found = manifest["schema_version"]
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(release, f"its {MANIFEST} cannot be read") from None
    if found != SCHEMA_VERSION:
        raise _of_another_form(release, manifest)
    if manifest.get("checksum") != checksum(manifest):
        raise _damaged(release, f"{MANIFEST} is not as it was released")
    return manifest


def verify_files(release: Path, manifest: Mapping[str, Any]) -> None:
    """Read every file that the manifest names.

    Raises
    ------
    RecsysError
        One of them is not as it was released.
    """
    files = manifest["files"]
    with ThreadPoolExecutor() as pool:  # a release of a million songs is half a gigabyte
        for check in [pool.submit(_verify, release, name, files[name]) for name in files]:
            check.result()


def _verify(release: Path, name: str, recorded: Mapping[str, Any]) -> None:
    path = release / name
    if not path.is_file():
        raise _damaged(release, f"{path.name} is missing")
    try:
        same = path.stat().st_size == recorded["size"] and _same_content(path, recorded)
    except OSError as error:
        raise _damaged(release, f"{path.name} cannot be read ({error.strerror})") from None
    if not same:
        raise _damaged(release, f"{path.name} is not as it was released")


def _same_content(path: Path, recorded: Mapping[str, Any]) -> bool:
    """Whether a file has the content that was recorded; of an older release, the slower way.

    What finds damage need not withstand forgery: who can write a file here can write the manifest.
    """
    name, digest = ("xxh3_128", content_hash) if "xxh3_128" in recorded else ("sha256", hash_file)
    return bool(digest(path) == recorded[name])


def _of_another_form(release: Path, manifest: Mapping[str, Any]) -> RecsysError:
    found, versions = manifest["schema_version"], manifest.get("versions")
    version = versions.get("recsys-dagster") if isinstance(versions, dict) else None
    if type(found) is int and found > SCHEMA_VERSION:
        maker = f"Version {version!s:.20}" if version else "A newer version"
        what_to_do = f"{maker} of this program made it: update this one."
    else:
        what_to_do = "Run `recsys run` to make a new one."
    return RecsysError(
        f"Release {release.name} has the form {found!s:.20}, expected {SCHEMA_VERSION}. "
        f"{what_to_do}"
    )


def _damaged(release: Path, what: str) -> RecsysError:
    return RecsysError(f"Release {release.name} is damaged: {what}. `recsys run` makes a new one.")
