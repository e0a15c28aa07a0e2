"""Runs the blocks of a page in order, and compares what comes out with what the page says.

`python -m recsys_dagster_tests.tutorials docs/tutorial.md` prints the page with what came out.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from recsys_dagster_tests.commands import environment

_BLOCKS = re.compile(r"```(sh|python)\n(.*?)```\n(?:\n```(text|console)\n(.*?)```\n)?", re.DOTALL)
_PROGRAMS = {"sh": ["bash", "-euo", "pipefail", "-s"], "python": [sys.executable, "-"]}


@dataclass(frozen=True)
class Block:
    """A block of a page: what is run, and what the page says that it prints (`None`: nothing).

    As `text` that is what is printed; as `console` it is an example, of which the form counts.
    """

    kind: str
    code: str
    shown_as: str
    shown: str | None
    place: tuple[int, int]


def blocks(page: str) -> Iterator[Block]:
    """The blocks of a page in order."""
    for found in _BLOCKS.finditer(page):
        yield Block(found[1], found[2], found[3], found[4], found.span(4))


def run(block: Block, folder: Path) -> str:
    """Run a block in a folder; what it printed, without spaces at the ends of lines."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.Popen(
        _PROGRAMS[block.kind], cwd=folder, env={**environment(), "PATH": path}, encoding="utf-8",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        printed, said = process.communicate(block.code)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)  # and what it has started
        raise
    if process.returncode:
        raise AssertionError(f"{block.code}\nended with {process.returncode}:\n{said}")
    return "".join(f"{line.rstrip()}\n" for line in printed.splitlines())


def agrees(shown: str, printed: str) -> bool:
    """Whether a text is as shown; `…` at any place stands for anything within a line."""
    pattern = r"[^\n]*".join(re.escape(part) for part in shown.split("…"))
    return re.fullmatch(pattern, printed) is not None


def agrees_in_form(shown: str, printed: str) -> bool:
    """Whether a text has as many lines as an example, under the same columns."""
    ours, theirs = shown.splitlines(), printed.splitlines()
    heads = (" ".join(lines[0].split()) for lines in (ours, theirs))
    return len(ours) == len(theirs) and agrees(*heads)


def main() -> None:
    """Print a page with what came out."""
    page = Path(sys.argv[1]).read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        end, new = 0, ""
        for block in blocks(page):
            printed = run(block, Path(folder))
            if block.shown is not None:
                new += page[end : block.place[0]] + printed
                end = block.place[1]
    sys.stdout.write(new + page[end:])


if __name__ == "__main__":
    main()
