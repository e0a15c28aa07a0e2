"""What is done with the files of Dagster's event log."""

from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa

from recsys_dagster.defs.home import event_log_kept_open

FULL, NORMAL = 2, 1


@pytest.mark.slow
def test_the_event_log_is_forced_to_disk_less_often_only_meanwhile(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/log.db", poolclass=sa.NullPool)

    def forced() -> int:
        with engine.connect() as connection:
            return int(connection.execute(sa.text("PRAGMA synchronous")).scalar_one())

    assert forced() == FULL
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        with event_log_kept_open(instance, "no-run"):
            assert forced() == NORMAL
        assert forced() == FULL
