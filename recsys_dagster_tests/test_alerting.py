"""Alerts: to the log always, to the webhook where there is one, and never with its address."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from recsys_dagster.alerting import LONGEST, alert, staleness
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster.workshop import Workshop
from recsys_dagster_tests.serving import Asked, FakeService, Fault, Reply

NOW = datetime.now(UTC)
SECRET = "planted-secret"  # noqa: S105


class Webhook(FakeService):
    """Takes what is posted."""

    def answer(self, asked: Asked) -> Reply:
        return (200, {}) if asked.path[-1] == SECRET else (404, {})


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as service:
        yield service


def told_to(address: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("RECSYS_ALERT_WEBHOOK", address)
    return load_settings()


def test_it_is_logged_and_sent(
    webhook: Webhook, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    alert("A run failed. ÿ\u2028", told_to(f"{webhook.url}/hooks/{SECRET}", monkeypatch))
    assert json.loads(webhook.asked[0].body)["text"] == "A run failed. ÿ\u2028"
    assert json.loads(webhook.asked[0].body)["content"] == "A run failed. ÿ\u2028"
    assert "A run failed." in caplog.text
    alert("x" * 10_000, load_settings())
    assert len(json.loads(webhook.asked[1].body)["text"]) == LONGEST


def test_without_a_webhook_it_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    alert("A run failed.", load_settings())
    assert "A run failed." in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500),
        Fault(drop=True),
        Fault(status=302, headers={"Location": "http://127.0.0.1:9/"}),
    ],
    ids=["fails", "hangs up", "sends elsewhere"],
)
def test_a_webhook_that_fails_is_said_so_without_its_address(
    webhook: Webhook,
    fault: Fault,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    webhook.faults.append(fault)
    with caplog.at_level("WARNING", logger="recsys"):
        alert("A run failed.", told_to(f"{webhook.url}/hooks/{SECRET}", monkeypatch))
    assert len(webhook.asked) == 1
    assert "RECSYS_ALERT_WEBHOOK" in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "address", ["file:///etc/passwd", "planted-secret", "ftp://planted-secret"]
)
def test_what_is_no_web_address_is_refused_and_not_repeated(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RecsysError, match="RECSYS_ALERT_WEBHOOK") as refused:
        told_to(address, monkeypatch)
    assert SECRET not in str(refused.value)


def test_a_release_is_stale_when_something_waits_too_long(
    demo_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Workshop(load_settings(demo_world))
    assert staleness(shop, NOW) is None
    later = NOW + timedelta(days=30)
    assert staleness(shop, later) is None  # old, and nothing new
    monkeypatch.setenv("RECSYS_SVD_OBJECTIVE", "squared")
    changed = Workshop(load_settings(demo_world))
    assert staleness(changed, NOW + timedelta(days=8)) is None
    text = staleness(changed, later)
    assert text is not None
    assert "29 days old" in text or "30 days old" in text
    assert "svd_model" in text


def test_without_a_release_nothing_is_stale(tmp_path: Path) -> None:
    assert staleness(Workshop(load_settings(tmp_path)), NOW) is None


def test_a_broken_release_is_told_of(tmp_path: Path) -> None:
    shop = Workshop(load_settings(tmp_path))
    shop.layout.releases.mkdir()
    (shop.layout.releases / "CURRENT").write_text("20260101-000000-00000000\n")
    text = staleness(shop, NOW)
    assert text is not None
    assert "20260101-000000-00000000" in text


def test_a_lost_name_of_the_current_release_is_told_of(tmp_path: Path) -> None:
    shop = Workshop(load_settings(tmp_path))
    (shop.layout.releases / "20260101-000000-00000000").mkdir(parents=True)
    text = staleness(shop, NOW)
    assert text is not None
    assert "names no release" in text
