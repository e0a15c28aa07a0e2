"""The commands that stand in the pages, one by one, as a shell would take them apart."""

import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product, takewhile
from pathlib import Path

from recsys_dagster_tests.documentation import ROOT

PAGES = sorted(
    page
    for pattern in ("*.md", "docs/*.md", "benchmarks/*.md", "data/*.md")
    for page in ROOT.glob(pattern)
    if page.name
    not in {
        "commands.md",  # usage, made from the commands themselves
        "tutorial.md",  # run as a whole by a test of its own
    }
)
_BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_SHELLS = {"sh", "console", "bash", "shell"}
_PROGRAMS = ("recsys", "uv", "python", "python3", "pytest", "dagster", ".ci/run", ".ci/audit")
_FOR_THE_SHELL = {".", "cd"}
_SETTING = re.compile(r"[A-Z_]+=.*")
_GROUP = "--group"


@dataclass(frozen=True)
class Command:
    """A command and where it stands.

    `words` are without the settings before it, and without `sudo` and `uv run`: `environment` and
    `group` have what of it matters. `whole` is False for one in running text, which may be no more
    than its name.
    """

    page: Path
    words: tuple[str, ...]
    whole: bool
    environment: tuple[str, ...] = ()
    group: str | None = None

    def __str__(self) -> str:
        """As it is typed."""
        return " ".join([*self.environment, shlex.join(self.words)])


def blocks(page: Path, *languages: str) -> list[str]:
    """The blocks of a page in some languages."""
    text = page.read_text(encoding="utf-8")
    return [found[3] for found in _BLOCK.finditer(text) if found[2] in languages]


def commands() -> list[Command]:
    """Every command in every page."""
    return [command for page in PAGES for command in _in_page(page)]


def _in_page(page: Path) -> Iterator[Command]:
    for block in blocks(page, *_SHELLS):
        for line in block.replace("\\\n", " ").splitlines():
            yield from _in_line(page, line.removeprefix("$ "), whole=True)
    for span in _SPAN.findall(_BLOCK.sub("", page.read_text(encoding="utf-8"))):
        line = " ".join(span.replace("\\|", "|").split())
        if _bare(line).split(" ")[0] in _PROGRAMS and ("/" in line or " " in _bare(line)):
            yield from _in_line(page, line, whole=False)


def _bare(line: str) -> str:
    """Without the settings in front."""
    words = line.split(" ")
    return " ".join(words[len(list(takewhile(_SETTING.fullmatch, words))) :])


def _in_line(page: Path, line: str, *, whole: bool) -> Iterator[Command]:
    words: list[str] = []
    for word in [*shlex.split(line, comments=True), "&&"]:
        if word != "&&":
            words.append(word)
        elif words and words[0] not in _FOR_THE_SHELL:
            yield from _command(page, words, whole=whole)
            words = []


def _command(page: Path, words: list[str], *, whole: bool) -> Iterator[Command]:
    words = list(takewhile(lambda word: word != ">", words))
    settings = tuple(takewhile(_SETTING.fullmatch, words))
    words, group = words[len(settings) :], None
    if words[0] == "sudo":
        words = words[3:] if words[1] == "-u" else words[1:]
    if words[:3] == ["python3", "-m", "uv"]:
        words = words[2:]
    if words[:2] == ["uv", "run"]:
        words = words[2:]
        if words[:1] == [_GROUP]:
            group, words = words[1], words[2:]
    for chosen in product(*map(_alternatives, words)) if not whole else [tuple(words)]:
        kept = tuple(word for word in chosen if word and set(word) != {"…"})
        yield Command(page, kept, whole, settings, group)


def _alternatives(word: str) -> list[str]:
    """`[--user` is `--user`, which may be left out; `csv|m3u` is one or the other."""
    return [one.strip("[]") for one in word.rstrip("…").split("|")]


ALL = list({(str(one), one.group): one for one in commands()}.values())
"""Each command once."""


def of(*programs: str) -> list[Command]:
    """The commands of some programs."""
    return [one for one in ALL if one.words[0] in programs]


def beginning(command: Command, starts: Iterable[str]) -> str | None:
    """The first of `starts` that the command begins with."""
    return next((start for start in starts if str(command).startswith(start)), None)
