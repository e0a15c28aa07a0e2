"""Names of files from elsewhere, made safe to write under and to show."""

import re
import unicodedata
from pathlib import PurePosixPath

_MAX_BYTES = 120
_MAX_PARTS = 8
_LONGEST = 2_000
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f:*?"<>|]')
_DRIVE = re.compile(r"^[A-Za-z]:")
_ENDING = re.compile(r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet|dat|zip)$", re.IGNORECASE)
_EMAIL = re.compile(r"(?<!\S)([^\s@]+)@\S*\.\S*")
_OTHERS = frozenset({"__MACOSX"})


def safe_relative(name: str) -> PurePosixPath | None:
    """A path that stays below the folder that it is put into, wherever `name` points.

    Roots, drives and ".." are dropped, long parts are cut and many reduced to the last ones,
    what no file system takes becomes "_", and of e-mail addresses stays what is before the @.

    Returns
    -------
    The path, or None where it names no file, or a hidden one.
    """
    slashed = _DRIVE.sub("", name[-_LONGEST:].replace("\\", "/"))
    parts = [_safe_part(part) for part in slashed.split("/")]  # of "", "." and ".." stays nothing
    if not parts[-1] or any(part.startswith(".") or part in _OTHERS for part in parts):
        return None
    return PurePosixPath(*[part for part in parts if part][-_MAX_PARTS:])


def split_ending(name: str) -> tuple[str, str]:
    """A name without the ending that its kind of data has, and the ending; of others all."""
    found = _ENDING.search(name)
    return (name[: found.start()], found[0]) if found else (name, "")


def without_emails(name: str) -> str:
    """A name with each e-mail address cut down to what stands before its @."""
    return _EMAIL.sub(r"\1", name) if "@" in name else name


def _safe_part(part: str) -> str:
    text = part.encode("utf-8", "replace").decode()  # bytes that are no text come as surrogates
    stem, ending = split_ending(text)
    text = unicodedata.normalize("NFC", without_emails(stem) + ending)
    return _cut(_FORBIDDEN.sub("_", text).strip().rstrip(". "))


def _cut(part: str) -> str:
    """A part of at most `_MAX_BYTES`, with its ending."""
    suffix = PurePosixPath(part).suffix
    if len(part.encode()) <= _MAX_BYTES or len(suffix) > 10:
        suffix = ""
    stem = part.removesuffix(suffix).encode()[: _MAX_BYTES - len(suffix.encode())]
    return stem.decode(errors="ignore").rstrip(". ") + suffix
