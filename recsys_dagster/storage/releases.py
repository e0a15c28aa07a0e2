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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.atomic import (
    flush,
    flush_tree,
    make_folder,
    remove_tree,
    temporary_name,
    write_json,
    write_text,
)
from recsys_dagster.storage.format import refuse_newer
from recsys_dagster.storage.hashing import checksum
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.manifests import (
    MANIFEST,
    SCHEMA_VERSION,
    content_of,
    describe_files,
    read_manifest,
    verify_files,
)

MODEL_CARD = "model_card.md"
_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")
_MOMENT = "%Y%m%d-%H%M%S"
_LIBRARIES = ("recsys-dagster", "numpy", "polars")


@dataclass(frozen=True, slots=True)
class Release:
    """A release that was found whole.

    Attributes
    ----------
    id
        When it was made (UTC) and the beginning of a hash over its contents.
    path
        Its directory; nothing in it is ever changed.
    manifest
        Has `files` (SHA-256 and size of each), `content` (hash over them), `figures`, `demo`
        (whether the world is made up), `versions` (of this package, Python, NumPy and Polars),
        `created_at`, `schema_version` (the form of the release) and `checksum` (hash over all of
        these).

    Examples
    --------
    >>> release = Releases.in_folder().open_current()
    >>> sorted(release.manifest["versions"])
    ['numpy', 'polars', 'python', 'recsys-dagster']
    >>> release.evaluation()["methods"]["hybrid"]["ndcg@10"] > 0
    True
    """

    id: str
    path: Path
    manifest: dict[str, Any]

    @property
    def created_at(self) -> datetime:
        """When it was made (UTC)."""
        return datetime.fromisoformat(self.manifest["created_at"])

    def evaluation(self) -> dict[str, Any]:
        """What it was published with, as `recsys evaluate --json` has it."""
        document: dict[str, Any] = json.loads(
            (self.path / "evaluation.json").read_text(encoding="utf-8")
        )
        return document

    def model_card(self) -> str | None:
        """Its model card as Markdown; `None` for a release of before there was one in it."""
        path = self.path / MODEL_CARD
        return path.read_text(encoding="utf-8") if path.is_file() else None


class Releases:
    """The releases in a directory.

    Parameters
    ----------
    directory
        `releases/` of a data folder; it need not exist.

    Examples
    --------
    >>> releases = Releases.in_folder()
    >>> releases.current_id() == releases.ids()[0]
    True
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._current = directory / "CURRENT"
        self._kept = directory / "KEPT"

    @classmethod
    def in_folder(cls, data_dir: Path | str | None = None) -> "Releases":
        """Those of a data folder; `None`: the one of the settings (`RECSYS_DATA_DIR`, or `./data`).

        Raises
        ------
        RecsysError
            The data folder is of a newer version, or a setting is wrong.
        """
        layout = Layout(load_settings(None if data_dir is None else Path(data_dir)).data_dir)
        refuse_newer(layout)
        return cls(layout.releases)

    def current_id(self) -> str | None:
        """The id that `CURRENT` names, or `None` where it names none or cannot be read; cheap."""
        try:
            # What is no text is no id either: opening it says so.
            return self._current.read_text(encoding="utf-8", errors="replace").strip() or None
        except OSError:
            return None

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
        if release_id is not None:
            return self.open(release_id)
        if not self.ids():
            raise RecsysError("Nothing has been released yet. Run `recsys run` first.")
        raise RecsysError(
            f"{self._current} names no release: it is gone or damaged. `recsys run` or "
            "`recsys releases rollback ID` puts it right."
        )

    def open(self, release_id: str) -> Release:
        """Open a release and verify every file in it.

        Raises
        ------
        RecsysError
            There is no such release, or it is damaged.
        """
        directory = self._found(release_id)
        manifest = read_manifest(directory)
        verify_files(directory, manifest)
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
        """The manifest of a release, without reading the rest of it.

        Raises
        ------
        RecsysError
            There is no such release, or its manifest is damaged.
        """
        return self._manifest(release_id)

    def roll_back(self, release_id: str) -> Release:
        """Let serving read another release, after verifying it; raises as `open` does."""
        release = self.open(release_id)
        self._switch(release_id)
        return release

    def go_back(self, release_id: str) -> Release:
        """Do what `recsys releases rollback` does: the release is never deleted for its age.

        Raises
        ------
        RecsysError
            There is no such release, or it is damaged.

        Examples
        --------
        >>> releases = Releases.in_folder()
        >>> releases.go_back(releases.ids()[0]).id == releases.current_id()
        True
        """
        release = self.roll_back(release_id)
        kept = {*self.gone_back_to(), release_id}
        write_text(self._kept, "".join(f"{one}\n" for one in sorted(kept)))
        return release

    def gone_back_to(self) -> list[str]:
        """The releases that somebody went back to."""
        try:
            lines = self._kept.read_text(encoding="utf-8", errors="replace").split()
        except OSError:
            return []
        return sorted({*lines} & {*self.ids()})

    @contextmanager
    def build(self) -> Iterator[Path]:
        """Give a temporary directory to fill, for `publish`; what is left of it is removed."""
        make_folder(self._directory)
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

        Raises
        ------
        RecsysError
            `check` did.
        """
        files = describe_files(building)
        content = content_of(files)
        known = self._with_content(content)
        if known is not None:
            self._switch(known.id)
            return known
        now = self._moment()
        release_id = f"{now:{_MOMENT}}-{content[:8]}"
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "content": content,
            "demo": demo,
            "figures": dict(figures),
            "versions": {name: version(name) for name in _LIBRARIES}
            | {"python": platform.python_version()},
            "files": files,
        }
        manifest["checksum"] = checksum(manifest)
        write_json(building / MANIFEST, manifest)
        check(Release(release_id, building, manifest))
        flush_tree(building)
        building.rename(self._directory / release_id)
        flush(self._directory)
        self._switch(release_id)
        return Release(release_id, self._directory / release_id, manifest)

    def _moment(self) -> datetime:
        """Now, or a second after the newest release: ids sort by age, whatever the clock does."""
        now = datetime.now(UTC)
        for release_id in self.ids():
            with suppress(ValueError, OverflowError):  # a name that is no time
                made = datetime.strptime(release_id[:15], _MOMENT).replace(tzinfo=UTC)
                return max(now, made + timedelta(seconds=1))
        return now

    def delete(self, release_id: str) -> None:
        """Delete a release; a process that has it open keeps what it has opened.

        Raises
        ------
        RecsysError
            There is no such release, or it is the current one.
        """
        directory = self._found(release_id)
        if release_id == self.current_id():
            raise RecsysError(
                f"Release {release_id} is the current one. Go to another first, with "
                "`recsys releases rollback ID`."
            )
        remove_tree(directory)

    def _switch(self, release_id: str) -> None:
        if self.current_id() == release_id:
            return
        if self._current.is_dir():
            remove_tree(self._current)
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
        return read_manifest(self._found(release_id))

    def _found(self, release_id: str) -> Path:
        if not _ID.fullmatch(release_id) or not (self._directory / release_id).is_dir():
            raise RecsysError(
                f"There is no release {release_id[:60]!r}. `recsys releases` lists them all."
            )
        return self._directory / release_id
