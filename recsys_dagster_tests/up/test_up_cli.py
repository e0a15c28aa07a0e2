from pathlib import Path

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from recsys_dagster.cli import app
from recsys_dagster.errors import RecsysError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    for name in ("RECSYS_PIPELINE_URL", "SPOTIPY_REDIRECT_URI"):  # it sets them: set them back
        monkeypatch.setenv(name, "")
    return tmp_path / "home"


@pytest.mark.usefixtures("home")
def test_an_address_for_others_brings_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSYS_HOST", "192.0.2.7")
    result = CliRunner().invoke(app, ["up"])
    assert "192.0.2.7 can be reached from other machines. The pipeline UI has no login" in (
        result.output
    )
    assert isinstance(result.exception, RecsysError)
    assert "Nothing can listen on port 8501 of 192.0.2.7" in str(result.exception)


def test_a_second_one_for_the_same_home_is_refused(home: Path) -> None:
    home.mkdir()
    with FileLock(home / "up.lock"):
        result = CliRunner().invoke(app, ["up", "--host", "192.0.2.7"])
    assert "is at work for" in str(result.exception)
    assert "can be reached" not in result.output
