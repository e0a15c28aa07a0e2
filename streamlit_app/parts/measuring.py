"""How the figures were measured, in plain words: functions from the protocol of an evaluation."""

from collections.abc import Mapping
from typing import Any

from streamlit_app.parts.words import count, plain

LONGEST = 2_000
"""Of the protocol: some sentences, which are cut only where they are no protocol."""


def explain(protocol: Mapping[str, Any]) -> str:
    """The protocol as Markdown."""
    return plain(str(protocol.get("description", "This release does not say.")), LONGEST)


def in_short(protocol: Mapping[str, Any]) -> str:
    """The numbers of the protocol as Markdown.

    A release from before there was a cut in time held back listener-song pairs; since then it is
    what came after the cut, where the history has times.
    """
    words = [f"{count(int(protocol.get('listeners') or 0), 'listener')} tested"]
    if protocol.get("seeds"):
        words.append(f"{count(int(protocol['seeds']), 'seed song')} each at most")
    if protocol.get("test_share"):
        share = f"{float(protocol['test_share']):.1%} of the"
        since = f"plays since {protocol.get('cut')}" if protocol.get("timed") else None
        words.append(f"{share} {since or 'listener-song pairs'} held back")
    elif protocol.get("folds") and not protocol.get("timed"):
        words.append("no times, so all other songs of each listener held back")
    return plain(" · ".join(words), LONGEST)
