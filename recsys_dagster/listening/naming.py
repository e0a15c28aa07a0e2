"""Whose listens a file holds that does not say so itself: the name in its path.

Files of one listener lie in a folder of that name: `raw/history/anna/…`. Names that services
give (`MyData`, `my_spotify_data.zip`, `2024/07.jsonl`) are nobody's and are passed over. A
name that cannot be a folder's, or would mean something else there (`AC/DC`, `lastfm`, `2024`),
is written out: `raw/history/listener=AC%2FDC/…` is taken as it stands.
"""

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePath
from urllib.parse import unquote

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.names import split_ending, without_emails

NOBODY = "me"
"""The listener where no name is to be found."""
MAX_NAME = 60
"""Letters of a name: as a folder's name it has at most 255 bytes, however it is written."""
_LONGEST = 1_000
_LITERAL = "listener="
_NO_FOLDER_NAME = re.compile(r'[%/\\:*?"<>|]|^\.|\.$')
_COPY_MARK = re.compile(
    r"\s*\(((another |\d+\w\w )?(copy|kopie|copie|copia)|\d\d?)\)$"
    r"|\s(-\s)?(copy|kopie|copie|copia)(\s\d+)?$",
    re.IGNORECASE,
)
_NAMES_ITS_USER = re.compile(
    r"listenbrainz_(?P<zip>.+)_\d{9,}|(?P<json>.+)_lb-\d{4}-\d\d-\d\d"
    r"|recenttracks-(?P<csv>.+)-\d{9,}|lastfmstats-(?P<stats>.+)",
    re.IGNORECASE,
)
_GIVEN_BY_SERVICES = re.compile(
    r"""(
        demo | (my_?)?data | (my_)?spotify(_data|_account_data)? | account_data
        | spotify_technical_log_information | (spotify_)?(extended_)?streaming_?history
        | streaming_?history(_(audio|video|music|podcast|audiobook))?\d*
        | endsong | listening_history | history | listens? | listenbrainz
        | last_?fm(_data)? | lastfmstats | recenttracks | scrobbles | exports? | downloads? | raw
    )(_\d+)*
    | (0?[1-9]|1[0-2]) | (19|20)\d\d(_?[01]?\d(_?[0-3]?\d)?|_(19|20)\d\d)?""",
    re.VERBOSE,
)


def listener_of(path: PurePath) -> str:
    """The listener of a file of one listener: the first name in its path that is somebody's.

    Parameters
    ----------
    path
        Relative to `raw/history`; for a member of a zip the zip's path comes first.

    Returns
    -------
    A folder's name, the uppermost first, then the zip's, then the file's, without ending and
    copy mark; `NOBODY` where all are given by services. Never an e-mail address.
    """
    folders, file = path.parts[:-1], path.parts[-1]
    if folders and folders[0].startswith(_LITERAL):
        literal = _tidy(unquote(folders[0].removeprefix(_LITERAL)))
        if literal:
            return literal
    return next(_people(folders, file), NOBODY)


def listener_folder(listener: str) -> str:
    """The folder below `raw/history` whose files are the listener's; undoes `listener_of`."""
    plain = not _NO_FOLDER_NAME.search(listener)
    if plain and listener_of(PurePath(listener, "file")) == listener:
        return listener
    return _LITERAL + _NO_FOLDER_NAME.sub(lambda found: f"%{ord(found[0]):02X}", listener)


def checked_listener(name: str) -> str:
    """A name that a user gave for a listener, trimmed.

    Raises
    ------
    RecsysError
        It is empty or too long, or has control characters or an e-mail address in it.
    """
    trimmed = " ".join(unicodedata.normalize("NFC", name).split())
    if not trimmed:
        raise RecsysError("The listener's name is empty. Give one, such as --user anna.")
    if len(trimmed) > MAX_NAME:
        raise RecsysError(
            f"The listener's name has {len(trimmed):,} characters; at most {MAX_NAME}."
        )
    if without_emails(trimmed) != trimmed:
        raise RecsysError(
            "An e-mail address is no listener's name, as names are stored and shown. "
            "Give another, such as --user anna."
        )
    if _tidy(trimmed) != trimmed:
        raise RecsysError("The listener's name has control characters in it. Leave them out.")
    return trimmed


def _people(folders: tuple[str, ...], file: str) -> Iterator[str]:
    """The names in a path that are not given by services, from the top."""
    stems = [re.sub(r"\.zip$", "", folder, flags=re.IGNORECASE) for folder in folders]
    while (stem := split_ending(file)[0]) != file:
        file = stem
    for one in [*stems, file]:
        name = _tidy(_own_name(one[:_LONGEST].strip()))
        if name and not _GIVEN_BY_SERVICES.fullmatch(re.sub(r"[\s._-]+", "_", name.lower())):
            yield name


def _own_name(stem: str) -> str:
    """A name without the marks of a copy, and without what a service puts around it."""
    while copy := _COPY_MARK.search(stem):
        stem = stem[: copy.start()]
    named = _NAMES_ITS_USER.fullmatch(stem)
    return next(filter(None, named.groups())) if named else stem


def _tidy(name: str) -> str:
    """A name as it is stored: composed, no control characters, no address, not too long."""
    kept = "".join(
        one
        for one in name[:1_000]
        if one.isspace() or unicodedata.category(one) not in {"Cc", "Cs"}
    )
    words = " ".join(unicodedata.normalize("NFC", kept).split())
    return without_emails(words)[:MAX_NAME].strip()
