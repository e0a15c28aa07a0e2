"""What Dagster's sensors tell of: failed runs in words, a stale release once a day."""

import dagster as dg
import pytest

from recsys_dagster.defs import alerts

pytestmark = pytest.mark.slow


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the alerts."""
    texts: list[str] = []
    monkeypatch.setattr(alerts, "alert", lambda text, _: texts.append(text))
    return texts


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (dg.Failure("The catalogue is empty. Import one."), "failing: The catalogue is empty."),
        (ValueError("planted-secret"), "failing: ValueError; the log of the run says more."),
    ],
)
def test_a_failed_run_is_told_in_words_without_the_text_of_what_was_not_foreseen(
    told: list[str], instance: dg.DagsterInstance, error: Exception, words: str
) -> None:
    @dg.op
    def failing() -> None:
        raise error

    @dg.job
    def daily() -> None:
        failing()

    result = daily.execute_in_process(instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        "alert_on_failure", result.get_run_failure_event(), instance, result.dagster_run
    )
    alerts.alert_on_failure(context.for_run_failure())
    (text,) = told
    assert text.startswith(f"The run {result.run_id[:8]} of daily failed. ")
    assert words in text
    assert "planted-secret" not in text


def test_a_stale_release_is_told_once_a_day_and_again_after_it_was_whole(
    told: list[str], instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = iter(["Listens wait.", "Listens wait.", None, "Listens wait."])
    monkeypatch.setattr(alerts, "staleness", lambda *_: next(states))
    with dg.build_sensor_context(instance) as context:
        said = [alerts.alert_on_stale_release(context) for _ in range(4)]
    assert told == ["Listens wait."] * 2
    skipped = [one.skip_message for one in said if isinstance(one, dg.SkipReason)]
    assert skipped == [
        "Listens wait.", "Listens wait.", "The release is whole and fresh.", "Listens wait.",
    ]  # fmt: skip
