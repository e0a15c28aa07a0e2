"""Does what `docs/extending.md` says, in a copy of the package."""

import re
import textwrap
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = "docs/extending.md"
ROOMS = ("recsys_dagster", "recsys_dagster_tests", "streamlit_app", "docs")
_STEP = re.compile(r"^\d+\. \*\*`([^`]+)`\*\*")
_BLOCK = re.compile(r"^    ```(python|diff)\n(.*?)^    ```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Step:
    """What one step of a checklist does to a file."""

    path: str
    kind: str
    text: str

    def of(self, before: str) -> str:
        """The file after it."""
        if self.kind == "python":
            assert not before, f"{self.path} is there already"
            return self.text
        for hunk in re.split(r"^@@\n", self.text, flags=re.MULTILINE):
            before = _changed(before, hunk, self.path)
        return before


def _changed(before: str, hunk: str, path: str) -> str:
    lines = hunk.splitlines(keepends=True)
    old, new = ("".join(line[1:] for line in lines if line[0] in signs) for signs in (" -", " +"))
    assert set("".join(line[0] for line in lines)) <= set(" +-"), f"{path}: no diff: {hunk}"
    assert before.count(old) == 1, f"{path} has this {before.count(old)} times, not once:\n{old}"
    return before.replace(old, new)


def steps_of(page: str) -> list[Step]:
    """The steps of all checklists that have a block, in order."""
    found = []
    for part in re.split(r"^(?=\d+\. |#)", page, flags=re.MULTILINE):
        path = _STEP.match(part)
        for kind, text in _BLOCK.findall(part):
            assert path, f"a block that belongs to no step: {text[:80]}"
            found.append(Step(path[1], kind, textwrap.dedent(text)))
    return found


def extended(folder: Path, page: str) -> list[str]:
    """Make a copy of the package in which all steps are done; the paths that they touch.

    Only what changes is copied, with the folders that lead there; the rest are links, so that what
    was compiled of it is used.
    """
    steps = steps_of(page)
    for room in ROOMS:
        _mirror(Path(room), folder, {Path(step.path) for step in steps})
    for step in steps:
        target = folder / step.path
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        target.unlink(missing_ok=True)
        target.write_text(step.of(before), encoding="utf-8")
    return list(dict.fromkeys(step.path for step in steps))


def _mirror(place: Path, folder: Path, changing: set[Path]) -> None:
    if not any(one.is_relative_to(place) for one in changing):
        (folder / place).symlink_to(ROOT / place)
        return
    (folder / place).mkdir()
    for child in sorted((ROOT / place).iterdir()):
        _mirror(place / child.name, folder, changing) if child.is_dir() else (
            folder / place / child.name
        ).symlink_to(child)
