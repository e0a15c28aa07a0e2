"""Telling the owner what went wrong: in the log, and by a webhook where one is set."""

import logging
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import requests
import urllib3
from pydantic import SecretStr

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.web.secrecy import Secrets, keep_out_of_logs
from recsys_dagster.workshop import Workshop

LOG = logging.getLogger("recsys.alerts")
LONGEST = 1_900
"""Characters of a message; Discord takes 2,000."""
_PATIENCE = 10.0


def alert(text: str, settings: Settings) -> None:
    """Log a text as an error, and send it to the webhook of the settings.

    Settings that are secret are taken out of it. A webhook that does not take it is logged too; its
    address never is. Nothing is raised: who is told of one trouble should not meet another.
    """
    text = Secrets(settings.secrets()).out_of(text)
    LOG.error(text)
    if settings.alert_webhook is None:
        return
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    # Slack and Mattermost read `text`, Discord `content`; each ignores the other.
    if trouble := _post(settings.alert_webhook, {"text": short, "content": short}):
        LOG.warning("The webhook in RECSYS_ALERT_WEBHOOK %s.", trouble)


def _post(webhook: SecretStr, document: dict[str, str]) -> str | None:
    """Post a document; gives what went wrong, without the address."""
    address = webhook.get_secret_value()
    keep_out_of_logs((address, urlsplit(address).path.lstrip("/"), urlsplit(address).query))
    try:
        with requests.post(
            address,
            json=document,
            timeout=_PATIENCE,
            allow_redirects=False,  # told to nobody else
            stream=True,  # what it answers is of no interest
        ) as answer:
            if answer.ok and not answer.is_redirect:
                return None
            return f"answered {answer.status_code}"
    except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError) as error:
        return f"failed: {type(error).__name__}"


def staleness(shop: Workshop, now: datetime) -> str | None:
    """Why the release is stale or broken, in words; `None` while all is well.

    It is stale when something waits to be done and the release is older than RECSYS_STALE_AFTER
    days.
    """
    if shop.releases.current_id() is None and not shop.releases.ids():
        return None  # nothing was released yet
    try:
        release = shop.releases.open_current()
    except RecsysError as error:
        return str(error)
    age = now - release.created_at
    if age <= timedelta(days=shop.settings.stale_after):
        return None
    waiting = shop.stale()
    if "recommender_release" not in waiting:
        return None
    return (
        f"The release {release.id} is {age.days} days old, and there is something new: "
        f"{waiting[0]} is out of date. Run `recsys run`, or look why runs fail."
    )
