"""The sensor on raw files: it waits until files have come to rest, and asks once."""

from pathlib import Path

import dagster as dg

from recsys_dagster.defs.automation import new_raw_files


def look(cursor: str | None) -> dg.SensorResult:
    """One evaluation of the sensor."""
    found = new_raw_files(dg.build_sensor_context(cursor=cursor))
    assert isinstance(found, dg.SensorResult)
    return found


def test_a_change_counts_once_it_has_come_to_rest(world: Path) -> None:
    first = look(None)
    assert not first.run_requests
    second = look(first.cursor)
    assert len(second.run_requests or []) == 1
    third = look(second.cursor)
    assert not third.run_requests
    new = world / "raw" / "features" / "more.csv"
    new.write_text("artist,title,energy\n")
    growing = look(third.cursor)
    assert not growing.run_requests
    new.write_text("artist,title,energy\nA,B,0.5\n")
    still_growing = look(growing.cursor)
    assert not still_growing.run_requests
    at_rest = look(still_growing.cursor)
    assert len(at_rest.run_requests or []) == 1
    assert not look(at_rest.cursor).run_requests


def test_nothing_in_raw_is_said_so(tmp_path: Path) -> None:
    assert not (tmp_path / "data").exists()
    found = look(None)
    assert not found.run_requests
    assert found.skip_reason
    assert "Nothing" in str(found.skip_reason.skip_message)
