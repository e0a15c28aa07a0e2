"""The folder of a user: a safe name, another one for each other user."""

import unicodedata
from hashlib import sha256

from recsys_dagster.errors import RecsysError

_LONGEST_NAME = 100
_LONGEST_FOLDER = 120


def check_user(user: str) -> str:
    """A user's name without space around it.

    Raises
    ------
    RecsysError
        No service has users of such a name.
    """
    name = unicodedata.normalize("NFC", user.strip())
    if not name:
        raise RecsysError("The user's name is empty. Give it as the service spells it.")
    if len(name) > _LONGEST_NAME:
        raise RecsysError(
            f"The user's name has {len(name):,} characters; no service has names of more than "
            f"{_LONGEST_NAME}. Give it as the service spells it."
        )
    if name in {".", ".."} or any(unicodedata.category(one)[0] == "C" for one in name):
        raise RecsysError(
            f"No service has a user {name!r}. Give the name as the service spells it."
        )
    return name


def folder_name(user: str) -> str:
    """The folder of a user whose name `check_user` takes.

    Services do not tell names apart by case, and neither do all file systems. Letters and digits
    stay; everything else is escaped, so that no name leads to another place.
    """
    name = unicodedata.normalize("NFC", user.lower())
    folder = "".join(one if one.isalnum() or one in "-_" else _escaped(one) for one in name)
    if len(folder.encode()) <= _LONGEST_FOLDER:
        return folder
    start = folder.encode()[: _LONGEST_FOLDER - 20].decode(errors="ignore")
    return f"{start}-{sha256(name.encode()).hexdigest()[:16]}"


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode())
