"""Releases: immutable, checksummed directories, and the one that serving reads.

A release is built beside the others under a temporary name, checked, renamed, and only then
named in `CURRENT`, which is replaced in one step. Nothing in a release is ever changed. Its id
is the time it was made and the beginning of a hash over its contents; building the same
contents again gives the release that is already there.
"""

import json
import platform
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.atomic import flush, flush_tree, temporary_name, write_json, write_text
from recsys_dagster.storage.hashing import checksum, content_hash, hash_file, hash_json

SCHEMA_VERSION = 1
MODEL_CARD = "model_card.md"
_MANIFEST = "manifest.json"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_LIBRARIES = ("recsys-dagster", "numpy", "polars")


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was found whole.

    `manifest` has `files` (SHA-256 and size of each), `content` (hash over them), `figures`,
    `demo` (whether the world is made up), `versions`, `created_at`, `schema_version` and
    `checksum` (hash over all of these).
    """

    id: str
    path: Path
    manifest: dict[str, Any]

    @property
    def created_at(self) -> datetime:
        """When it was made (UTC)."""
        return datetime.fromisoformat(self.manifest["created_at"])

    def evaluation(self) -> dict[str, Any]:
        """The evaluation that the release was published with."""
        document: dict[str, Any] = json.loads(
            (self.path / "evaluation.json").read_text(encoding="utf-8")
        )
        return document

    def model_card(self) -> str | None:
        """Its model card as Markdown; `None` for a release of before there was one in it."""
        path = self.path / MODEL_CARD
        return path.read_text(encoding="utf-8") if path.is_file() else None


class Releases:
    """The releases in a directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._current = directory / "CURRENT"

    def current_id(self) -> str | None:
        """The id that serving reads, or `None` while there is no release; cheap.

        Raises
        ------
        RecsysError
            `CURRENT` is there and cannot be read.
        """
        try:
            # What is no text is no id either: opening it says so.
            return self._current.read_text(encoding="utf-8", errors="replace").strip() or None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RecsysError(
                f"{self._current} cannot be read ({error.strerror}). Delete it, then name the "
                "release to serve with `recsys releases rollback ID`."
            ) from None

    def ids(self) -> list[str]:
        """All releases, newest first."""
        if not self._directory.is_dir():
            return []
        found = (path.name for path in self._directory.iterdir() if path.is_dir())
        return sorted((name for name in found if _ID.fullmatch(name)), reverse=True)

    def open_current(self) -> Release:
        """Open the release that serving reads.

        Raises
        ------
        RecsysError
            There is none yet, or it is damaged.
        """
        release_id = self.current_id()
        if release_id is None:
            raise RecsysError("Nothing has been released yet. Run `recsys run` first.")
        return self.open(release_id)

    def open(self, release_id: str) -> Release:
        """Open a release and verify every file in it.

        Raises
        ------
        RecsysError
            There is no such release, or it is damaged.
        """
        manifest = self._manifest(release_id)
        directory = self._directory / release_id
        files = manifest["files"]
        with ThreadPoolExecutor() as pool:  # a release of a million songs is half a gigabyte
            checks = [
                pool.submit(_verify, release_id, directory / name, files[name]) for name in files
            ]
            for check in checks:
                check.result()
        return Release(release_id, directory, manifest)

    def newest_whole(self) -> Release | None:
        """The newest release that is not damaged."""
        for release_id in self.ids():
            try:
                return self.open(release_id)
            except RecsysError:
                continue
        return None

    def describe(self, release_id: str) -> dict[str, Any]:
        """The manifest of a release, without reading the rest of it."""
        return self._manifest(release_id)

    def roll_back(self, release_id: str) -> Release:
        """Let serving read another release, after verifying it."""
        release = self.open(release_id)
        self._switch(release_id)
        return release

    @contextmanager
    def build(self) -> Iterator[Path]:
        """Give a temporary directory to fill, for `publish`; what is left of it is removed."""
        self._directory.mkdir(parents=True, exist_ok=True)
        building = temporary_name(self._directory / "release")
        building.mkdir()
        try:
            yield building
        finally:
            shutil.rmtree(building, ignore_errors=True)

    def publish(
        self,
        building: Path,
        *,
        figures: Mapping[str, Any],
        demo: bool,
        check: Callable[[Release], None],
    ) -> Release:
        """Make a filled directory a release, and the current one.

        Parameters
        ----------
        building
            From `build`, with all files in place.
        figures
            What the release is about, for people: counts and evaluation figures.
        demo
            Whether the world is made up.
        check
            Raises `RecsysError` when the release does not serve; nothing is published then.
        """
        files = {
            path.relative_to(building).as_posix(): _describe(path)
            for path in sorted(building.rglob("*"))
            if path.is_file()
        }
        content = hash_json({name: file["sha256"] for name, file in files.items()})
        known = self._with_content(content)
        if known is not None:
            self._switch(known.id)
            return known
        now = self._moment()
        release_id = f"{now:%Y%m%d-%H%M%S}-{content[:8]}"
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "created_at": now.isoformat(timespec="seconds"),
            "content": content,
            "demo": demo,
            "figures": dict(figures),
            "versions": {name: version(name) for name in _LIBRARIES}
            | {"python": platform.python_version()},
            "files": files,
        }
        manifest["checksum"] = checksum(manifest)
        write_json(building / _MANIFEST, manifest)
        check(Release(release_id, building, manifest))
        flush_tree(building)
        building.rename(self._directory / release_id)
        flush(self._directory)
        self._switch(release_id)
        return Release(release_id, self._directory / release_id, manifest)

    def _moment(self) -> datetime:
        """Now, or the next second that no release was made in: ids differ and sort by age."""
        taken = {release_id[:15] for release_id in self.ids()}
        moment = datetime.now(UTC)
        while f"{moment:%Y%m%d-%H%M%S}" in taken:
            moment += timedelta(seconds=1)
        return moment

    def _switch(self, release_id: str) -> None:
        if self.current_id() != release_id:
            write_text(self._current, release_id + "\n")

    def _with_content(self, content: str) -> Release | None:
        for release_id in self.ids():
            try:
                if self._manifest(release_id)["content"] == content:
                    return self.open(release_id)
            except RecsysError:
                continue  # damaged: the same contents are published anew
        return None

    def _manifest(self, release_id: str) -> dict[str, Any]:
        if not _ID.fullmatch(release_id) or not (self._directory / release_id).is_dir():
            raise RecsysError(
                f"There is no release {release_id[:60]!r}. `recsys releases` lists them all."
            )
        try:
            text = (self._directory / release_id / _MANIFEST).read_text(encoding="utf-8")
            manifest: dict[str, Any] = json.loads(text)
            found = manifest["schema_version"]
        except (OSError, ValueError, KeyError, TypeError):
            raise _damaged(release_id, f"its {_MANIFEST} cannot be read") from None
        if found != SCHEMA_VERSION:
            raise RecsysError(
                f"Release {release_id} has the form {found}, expected {SCHEMA_VERSION}. "
                "Run `recsys run` to make a new one."
            )
        if manifest.get("checksum") != checksum(manifest):
            raise _damaged(release_id, f"{_MANIFEST} is not as it was released")
        return manifest


def _describe(path: Path) -> dict[str, Any]:
    return {
        "sha256": hash_file(path), "xxh3_128": content_hash(path), "size": path.stat().st_size
    }  # fmt: skip


def _verify(release_id: str, path: Path, recorded: Mapping[str, Any]) -> None:
    if not path.is_file():
        raise _damaged(release_id, f"{path.name} is missing")
    try:
        same = path.stat().st_size == recorded["size"] and _same_content(path, recorded)
    except OSError as error:
        raise _damaged(release_id, f"{path.name} cannot be read ({error.strerror})") from None
    if not same:
        raise _damaged(release_id, f"{path.name} is not as it was released")


def _same_content(path: Path, recorded: Mapping[str, Any]) -> bool:
    """Whether a file has the content that was recorded; of an older release, the slower way.

    What finds damage need not withstand forgery: who can write a file here can write the manifest.
    """
    name, digest = ("xxh3_128", content_hash) if "xxh3_128" in recorded else ("sha256", hash_file)
    return bool(digest(path) == recorded[name])


def _damaged(release_id: str, what: str) -> RecsysError:
    return RecsysError(
        f"Release {release_id} is damaged: {what}. "
        "Go back with `recsys releases rollback ID`, or delete it and run `recsys run`."
    )
