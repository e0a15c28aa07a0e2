"""The stress run in small, and its own bookkeeping."""

from pathlib import Path

import pytest

from recsys_dagster.audio.sources.reccobeats_asking import DAY
from recsys_dagster_tests.audio.stress_journal import Entry, Journal
from recsys_dagster_tests.audio.stressing import stress


@pytest.mark.slow
def test_killed_and_with_faults_it_ends_as_if_nothing_had_been(tmp_path: Path) -> None:
    outcome = stress(150, 0.1, 2, 3, tmp_path, blocks=1)
    assert outcome.is_good, outcome
    assert outcome.kills
    assert outcome.faults


def test_a_question_whose_answer_is_good_may_not_be_asked_again() -> None:
    one, other = (("search", "a"),), (("audio-features", "a"),)
    journal = Journal([Entry(0, one, False), Entry(1, one, True), Entry(2, other, True)])
    assert journal.repeats() == []
    journal.entries.append(Entry(1 + 30 * DAY, one, True))
    assert journal.repeats() == []
    journal.entries.append(Entry(1 + 31 * DAY, (*other, *one), False))
    assert journal.repeats() == [("search", "a")]
    journal.under_way.add(3)
    assert journal.repeats() == []
    assert journal.lost() == 1
