"""Keys and tokens stay out of messages and logs."""

import logging
import re
from typing import Any

from recsys_dagster.masking import masked

_KEY = re.compile(r"(api_key=)[^&\s\"']+")
_SHOWN = 160


def shown(said: Any, secrets: tuple[str, ...]) -> str:
    """What a service said, fit for a message: short, on one line, without secrets."""
    words = masked(" ".join(str(said).split()))
    for secret in filter(None, secrets):
        words = words.replace(secret, "…")
    return words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…"


class _WithoutKeys(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = _KEY.sub(r"\1…", record.getMessage()), None
        return True


_WITHOUT_KEYS = _WithoutKeys()


def keep_out_of_logs() -> None:
    """Take keys out of what `requests` has logged: Last.fm wants its key in the address."""
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logging.getLogger(name).addFilter(_WITHOUT_KEYS)
