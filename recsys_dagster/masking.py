"""What must not come out of a file into a message: addresses of people and of machines."""

import re

_ADDRESS = re.compile(
    r"[^\s@,;\"'/\\]+@[^\s@,;\"'/\\]+\.[^\s@,;\"'/\\]+"  # e-mail
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b"  # IPv4
    r"|(?<![\w:])(?:[0-9A-Fa-f]{0,4}:){3,7}[0-9A-Fa-f]{0,4}(?![\w:])"  # IPv6
)
MASK = "…"


def masked(text: str) -> str:
    """The text with e-mail and IP addresses taken out."""
    return _ADDRESS.sub(MASK, text)
