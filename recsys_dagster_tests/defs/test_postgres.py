"""PostgreSQL for Dagster: the settings and dagster.yaml, and runs on a real server."""

import os
import shutil
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import polars as pl
import pytest
import yaml

from recsys_dagster.defs import home as home_of_dagster
from recsys_dagster.defs import postgres as ours
from recsys_dagster.defs.home import prepare_dagster_home
from recsys_dagster.errors import RecsysError
from recsys_dagster.relearning import LEARNED
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.workshop import STAGES
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.postgres import Database, postgres

SECRET = "planted-secret-5f1c"  # noqa: S105
URL = "postgresql://re%20csys@[::1]:6543/dagster?sslmode=disable"


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setattr(ours, "refuse_unreachable", lambda _: None)
    monkeypatch.setenv(ours.URL, URL)
    monkeypatch.setenv(ours.PASSWORD, SECRET)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return Layout(tmp_path / "data")


def _config(layout: Layout) -> tuple[str, str | None]:
    home = prepare_dagster_home(layout)
    return (home.path / "dagster.yaml").read_text(), home.remark


def test_the_password_stays_in_the_environment(layout: Layout) -> None:
    text, remark = _config(layout)
    assert (SECRET in text, remark) == (False, None)
    assert yaml.safe_load(text)["telemetry"] == {"enabled": False}
    assert yaml.safe_load(text)["storage"]["postgres"]["postgres_db"] == {
        "scheme": "postgresql+psycopg2",
        "username": "re csys",
        "hostname": "[::1]",
        "port": 6543,
        "db_name": "dagster",
        "params": {"sslmode": "disable"},
        "password": {"env": ours.PASSWORD},
    }
    assert SECRET not in repr(ours.server_of(load_settings()))


def test_a_password_in_env_reaches_dagster(
    layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ours.PASSWORD)
    (tmp_path / ".env").write_text(f"{ours.PASSWORD}={SECRET}\n")
    _config(layout)
    assert os.environ[ours.PASSWORD] == SECRET


def test_switching_moves_the_history_and_leaves_what_the_user_wrote(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ours.URL)
    first, _ = _config(layout)
    config = Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml"
    changed = first + "# mine\nrun_monitoring:\n  enabled: true"
    config.write_text(changed)
    assert _config(layout) == (changed, None)
    monkeypatch.setenv(ours.URL, URL)
    there, remark = _config(layout)
    assert there.startswith(changed)
    assert set(yaml.safe_load(there)) == {*yaml.safe_load(changed), "storage"}
    assert "in PostgreSQL (re csys@[::1]:6543/dagster) from now on. It starts anew" in str(remark)
    assert _config(layout) == (there, None)
    monkeypatch.delenv(ours.URL)
    back, remark = _config(layout)
    assert yaml.safe_load(back) == yaml.safe_load(changed)
    assert "in SQLite again" in str(remark)


def test_a_config_that_we_gave_earlier_is_renewed_unless_it_was_changed(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml"
    now, _ = _config(layout)
    earlier = "nux:\n  enabled: true\n"
    monkeypatch.setattr(home_of_dagster, "_EARLIER", {sha256(earlier.encode()).hexdigest()})
    config.write_text(earlier + now[now.index("\n# From here") :])
    assert _config(layout) == (now, None)
    config.write_text(earlier + "# mine\n")
    assert _config(layout)[0].startswith(earlier + "# mine\n")


def test_a_storage_of_the_users_own_is_not_overruled(layout: Layout) -> None:
    home = Path(os.environ["DAGSTER_HOME"])
    home.mkdir()
    own = "storage:\n  sqlite:\n    base_dir: /else\n"
    (home / "dagster.yaml").write_text(own)
    with pytest.raises(RecsysError, match="names a storage of its own, and DAGSTER_POSTGRES_URL"):
        prepare_dagster_home(layout)
    assert (home / "dagster.yaml").read_text() == own


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://recsys@127.0.0.1/dagster", "must begin with postgresql://"),
        ("postgresql:///dagster", "must begin with postgresql:// and name a host"),
        ("postgresql://recsys@127.0.0.1:x/dagster", "is no address"),
        ("postgresql://127.0.0.1/dagster", "must name a user and a database"),
        ("postgresql://recsys@127.0.0.1", "must name a user and a database"),
        (f"postgresql://recsys:{SECRET}@127.0.0.1/d", "holds a password; put that into"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    monkeypatch.setenv(ours.URL, url)
    with pytest.raises(RecsysError, match=words) as error:
        prepare_dagster_home(layout)
    assert SECRET not in str(error.value)


def test_a_missing_password_is_asked_for(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ours.PASSWORD)
    with pytest.raises(RecsysError, match=f"{ours.URL} is set; set {ours.PASSWORD} too"):
        prepare_dagster_home(layout)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ours.URL, URL)
    monkeypatch.setenv(ours.PASSWORD, SECRET)
    monkeypatch.setattr(ours, "find_spec", lambda _: None)
    with pytest.raises(RecsysError, match="uv sync --extra postgres"):
        prepare_dagster_home(Layout(tmp_path))
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with postgres() as server:
        yield server


@pytest.fixture
def named(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv(ours.URL, database.url)
    monkeypatch.setenv(ours.PASSWORD, database.password)
    return database


@pytest.mark.slow
def test_a_run_gives_what_sqlite_gives(named: Database, demo_world: Path, tmp_path: Path) -> None:
    """Of all stages but those that learn, which take long and know nothing of any database."""
    data = tmp_path / "data"
    shutil.copytree(demo_world, data)
    shutil.rmtree(data / "dagster")
    for stage in STAGES.keys() - {*LEARNED}:
        (data / "cache" / "stages" / f"{stage}.json").unlink()
    assert recsys("run", "--data-dir", data).code == 0
    assert named.ask("select status from runs") == [("SUCCESS",)]
    named.wipe()
    (data / "cache" / "stages" / "user_recommendations.json").unlink()
    again = recsys("run", "--json", "--data-dir", data)
    assert (again.code, again.json["stages_done"]) == (0, ["user_recommendations"])
    assert named.ask("select status from runs") == [("SUCCESS",)]
    assert not list((data / "dagster").rglob("*.db"))
    _assert_same_tables(data / "tables", demo_world / "tables")
    assert not _holding(tmp_path, named.password)


def _assert_same_tables(one: Path, other: Path) -> None:
    names = {file.relative_to(one) for file in one.rglob("*.parquet")}
    assert names == {file.relative_to(other) for file in other.rglob("*.parquet")}
    assert len(names) > 4
    for name in names:
        assert pl.read_parquet(one / name).equals(pl.read_parquet(other / name)), name


def _holding(folder: Path, secret: str) -> list[Path]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if secret.encode() in file.read_bytes()]


@pytest.mark.slow
def test_what_is_wrong_with_the_server_is_one_line_without_the_password(
    named: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {
        ours.PASSWORD: (SECRET, 'password authentication failed for user "recsys"'),
        ours.URL: (named.url.replace("/dagster", "/none"), 'database "none" does not exist'),
    }
    for name, (value, words) in wrong.items():
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            done = recsys("run", "--data-dir", tmp_path / "data")
        assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
        assert words in done.err
        assert SECRET not in done.err
        assert named.password not in done.err
    monkeypatch.setenv(ours.URL, "postgresql://recsys@127.0.0.1:1/dagster")
    done = recsys("up", "--data-dir", tmp_path / "data")
    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "Connection refused" in done.err
