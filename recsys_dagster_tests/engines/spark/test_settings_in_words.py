"""What is wrong with settings and installation is said in one sentence, before any JVM starts."""

import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys_dagster.engines.spark import session, where
from recsys_dagster.engines.spark.session import open_session
from recsys_dagster.engines.spark.submitting import command, environment
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings, load_settings
from recsys_dagster_tests.clusters import missing

TOKEN = "planted-spark.token-4711"  # noqa: S105
PROGRAM = Path("job.py")
needs_spark = pytest.mark.skipif(missing() is not None, reason=str(missing()))


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address where nobody answers, and nobody else comes."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


def settings(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return load_settings()


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "nothing says where Spark is"),
        ({"SPARK_REMOTE": "sc://a", "SPARK_MASTER": "spark://a:1"}, "both set"),
        ({"SPARK_MASTER": "sc://a"}, "belongs in SPARK_REMOTE"),
        ({"SPARK_REMOTE": f"a:1/;token={TOKEN}"}, "is no Spark Connect address"),
        ({"SPARK_REMOTE": f"sc://a:x/;token={TOKEN}"}, "is no Spark Connect address"),
    ],
)
def test_an_address_that_is_wrong(
    values: dict[str, str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RecsysError, match=words) as raised:
        where.where(settings(monkeypatch, **values))
    assert TOKEN not in str(raised.value)


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    master = settings(monkeypatch, SPARK_MASTER="spark://127.0.0.1:1")
    monkeypatch.setattr(where, "find_spec", lambda _: None)
    with pytest.raises(RecsysError, match=r"pyspark is not installed.*--extra spark"):
        command(master, "counted", PROGRAM)
    monkeypatch.setattr(where, "find_spec", lambda _: True)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(RecsysError, match=r"Java.*openjdk-17-jre-headless"):
        command(master, "counted", PROGRAM)


@pytest.mark.slow
@needs_spark
@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("SPARK_MASTER", "spark://{}", "No Spark master listens at spark://"),
        ("SPARK_REMOTE", f"sc://{{}}/;token={TOKEN}", "No Spark Connect server answers at sc://"),
    ],
)
def test_nobody_answers(
    nobody: str, name: str, address: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "PATIENCE", 1.0)
    monkeypatch.setenv("GRPC_VERBOSITY", "NONE")
    there = settings(monkeypatch, **{name: address.format(nobody)})
    with pytest.raises(RecsysError, match=words) as raised, open_session(there):
        pass
    assert nobody in str(raised.value)
    assert TOKEN not in str(raised.value)


def test_the_token_is_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    there = settings(monkeypatch, SPARK_REMOTE=f"sc://host:443/;use_ssl=true;token={TOKEN}")
    assert TOKEN in there.secrets()
    assert "true" not in there.secrets()
    assert TOKEN not in f"{there!r} {there.model_dump()} {where.where(there)!r}"


@needs_spark
def test_other_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    import pyspark

    monkeypatch.setattr(pyspark, "__version__", "4.3.0")
    master = where.Where("spark://a:1", "spark://a:1", connect=False)
    server = where.Where("sc://a", "sc://a", connect=True)
    for place, fitting, others in (
        (master, ["4.3.1"], ["4.2.1", "4.4.0", "5.3.0"]),
        (server, ["4.3.1", "4.4.0"], ["4.2.1", "5.3.0"]),
    ):
        for version in fitting:
            session.refuse_other_version(place, version)
        for version in others:
            with pytest.raises(RecsysError, match=rf"pyspark\[connect\]=={version[:3]}\.\*"):
                session.refuse_other_version(place, version)


@needs_spark
def test_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Theirs come after ours and so win; SPARK_HOME names the cluster's own program."""
    words = command(settings(monkeypatch, SPARK_REMOTE="sc://a"), "counted", PROGRAM)
    assert words == [sys.executable, str(PROGRAM)]
    monkeypatch.delenv("SPARK_REMOTE")
    theirs = "--archives 'my env.tar.gz#env' --conf spark.ui.port=4040"
    yarn = settings(monkeypatch, SPARK_MASTER="yarn", RECSYS_SPARK_SUBMIT=theirs)
    words = command(yarn, "counted", PROGRAM)
    assert words[1:5] == ["--master", "yarn", "--name", "counted"]
    assert words[-5:] == [
        "--archives",
        "my env.tar.gz#env",
        "--conf",
        "spark.ui.port=4040",
        str(PROGRAM),
    ]
    monkeypatch.setenv("PYSPARK_PYTHON", "./env/bin/python")
    assert environment(yarn)["PYSPARK_PYTHON"] == "./env/bin/python"
    monkeypatch.setenv("SPARK_HOME", str(tmp_path))
    with pytest.raises(RecsysError, match="Correct SPARK_HOME"):
        command(yarn, "counted", PROGRAM)
    (tmp_path / "bin").mkdir()
    shutil.copy(words[0], tmp_path / "bin" / "spark-submit")
    assert command(yarn, "counted", PROGRAM)[0] == str(tmp_path / "bin" / "spark-submit")
