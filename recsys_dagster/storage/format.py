"""The version of the data folder's form, so that programs of two versions do not spoil it."""

import json
from typing import Any

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.atomic import write_json
from recsys_dagster.storage.layout import Layout

FORMAT = 1
"""Raised when this version would misread, or spoil, what the one before it has written.

What stages make needs no such number: a stage whose code version was raised is done again.
"""


def format_of(layout: Layout) -> int | None:
    """The form that a data folder says it has; `None` where it does not say so readably.

    Folders of before there was such a number do not, and have the form 1.
    """
    try:
        found: Any = json.loads(layout.format.read_text(encoding="utf-8"))["format"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if type(found) is int else None


def refuse_newer(layout: Layout) -> None:
    """Touch nothing in a data folder that a newer version of the program has written.

    Raises
    ------
    RecsysError
        It is one.
    """
    found = format_of(layout)
    if found is not None and found > FORMAT:
        raise RecsysError(
            f"The data folder {layout.root} is of a newer version of this program (its form is "
            f"{found}, and this version knows {FORMAT}). Nothing in it was changed. Update this "
            "program, or name another folder with --data-dir."
        )


def mark(layout: Layout) -> None:
    """Let a data folder say its form; hold the lock."""
    if format_of(layout) is None:
        write_json(layout.format, {"format": FORMAT})
