"""Telling the owner what went wrong: in the log, and by a webhook where one is set."""

import logging
from datetime import datetime, timedelta

import requests

from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.workshop import Workshop

LOG = logging.getLogger("recsys.alerts")
LONGEST = 1_900
"""Characters of a message; Discord takes 2,000."""
_PATIENCE = 10.0


def alert(text: str, settings: Settings) -> None:
    """Log a text as an error, and send it to the webhook of the settings.

    A webhook that does not take it is logged too; its address never is. Nothing is raised: who is
    told of one trouble should not meet another.
    """
    LOG.error(text)
    if settings.alert_webhook is None:
        return
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    # Slack and Mattermost read `text`, Discord `content`; each ignores the other.
    try:
        answer = requests.post(
            settings.alert_webhook.get_secret_value(),
            json={"text": short, "content": short},
            timeout=_PATIENCE,
            allow_redirects=False,  # told to nobody else
        )
    except requests.RequestException as error:
        LOG.warning("The webhook in RECSYS_ALERT_WEBHOOK failed: %s.", type(error).__name__)
        return
    if not answer.ok or answer.is_redirect:
        LOG.warning("The webhook in RECSYS_ALERT_WEBHOOK answered %s.", answer.status_code)


def staleness(shop: Workshop, now: datetime) -> str | None:
    """Why the release is stale or broken, in words; `None` while all is well.

    It is stale when something waits to be done and the release is older than RECSYS_STALE_AFTER
    days.
    """
    try:
        current = shop.releases.current_id()
        release = shop.releases.open(current) if current else None
    except RecsysError as error:
        return str(error)
    if release is None:
        return None
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
