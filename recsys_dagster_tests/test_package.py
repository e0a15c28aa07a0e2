"""Wheel and sdist as others get them: what is in them, and that they work without the clone."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import venv
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from recsys_dagster_tests.commands import environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
STEM = f"recsys_dagster-{PROJECT['version']}"
PACKAGES = ("recsys_dagster", "streamlit_app")
LEFT_BEHIND = {"__pycache__", ".pytest_cache"}
OUTSIDE = """
from pathlib import Path
from recsys_dagster import METHODS, Answer, Recommender, RecsysError, Releases, Song, __version__

def named(answer: Answer) -> list[str]:
    return [f"{song.rank} {song.artist} {song.because.seeds[0].share:.2f}"
            for song in answer.recommendations]

def ask(folder: Path) -> list[str]:
    try:
        recommender = Recommender.open(folder, release=Releases.in_folder(folder).current_id())
        songs: list[Song] = recommender.search("a", 2)
        answer = recommender.recommend([songs[0].song_id, "Radiohead - Creep"], method=METHODS[0])
        months = recommender.history(recommender.users[0]).month_listens
        plays = 0 if months is None else int(months.sum())
        height: int = recommender.recommend_all(n=plays).height + answer.to_frame().height
        return [*named(answer), answer.to_json(), str(height), __version__]
    except RecsysError as error:
        return [str(error)]
"""

CHECK = """
[mypy]
follow_imports = skip
[mypy-recsys_dagster.*,numpy.*,polars.*]
follow_imports = normal
"""
"""What the program can come to see; reading all that libraries import takes four times as long."""


@dataclass(frozen=True)
class Built:
    wheel: Path
    sdist: Path


@dataclass(frozen=True)
class Installed:
    """An environment that has the wheel, and the libraries of this one, and not the clone."""

    python: Path
    site: Path

    def run(self, *command: str | Path, cwd: Path) -> str:
        clean = {name: value for name, value in environment().items() if name != "PYTHONPATH"}
        return subprocess.run(
            [self.python.parent / "recsys", *command], cwd=cwd, env=clean, check=True,
            capture_output=True, encoding="utf-8", timeout=240,
        ).stdout  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Both, by the build backend itself: no network is asked."""
    out = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", out], cwd=ROOT, check=True)
    return Built(out / f"{STEM}-py3-none-any.whl", out / f"{STEM}.tar.gz")


@pytest.fixture(scope="module")
def installed(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True)
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    site, python = Path(paths["purelib"]), Path(paths["scripts"]) / "python"
    libraries = sysconfig.get_paths()["purelib"]
    # A path file that is found through a path file does nothing: that of the clone stays behind.
    (site / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    subprocess.run([python, "-m", "installer", built.wheel], check=True)
    _reuse_compiled_loops(site)
    return Installed(python, site)


def _reuse_compiled_loops(site: Path) -> None:
    """Give the copy what Numba has compiled for the clone: compiling is no part of installing."""
    for compiled in (ROOT / "recsys_dagster").rglob("__pycache__/*.nb[ic]"):
        target = site / compiled.relative_to(ROOT)
        target.parent.mkdir(exist_ok=True)
        shutil.copy2(compiled, target)
    for source in (ROOT / "recsys_dagster").rglob("*.py"):
        times = source.stat()
        os.utime(site / source.relative_to(ROOT), ns=(times.st_atime_ns, times.st_mtime_ns))


def files_of_packages() -> set[str]:
    """What has to be in both."""
    found = (path for package in PACKAGES for path in (ROOT / package).rglob("*"))
    return {
        path.relative_to(ROOT).as_posix()
        for path in found
        if path.is_file() and not LEFT_BEHIND & {*path.relative_to(ROOT).parts}
    }


def metadata(built: Built) -> Message:
    with zipfile.ZipFile(built.wheel) as wheel:
        return message_from_bytes(wheel.read(f"{STEM}.dist-info/METADATA"))


def test_the_wheel_holds_the_packages_and_nothing_else(built: Built) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        names = {*wheel.namelist()}
    about = {name for name in names if name.startswith(f"{STEM}.dist-info/")}
    assert names - about == files_of_packages()
    assert {name.partition("/")[2] for name in about} == {
        "METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE",
    }  # fmt: skip


def test_the_sdist_holds_what_builds_and_tests_it(built: Built) -> None:
    with tarfile.open(built.sdist) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert files_of_packages() <= names
    wanted = {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "pyproject.toml",
              "uv.lock", "data/README.md", "docs/history.md", "recsys_dagster_tests/conftest.py",
              "recsys_dagster/env.example"}  # fmt: skip
    assert wanted <= names
    assert {name for name in names if name.startswith("data/")} == {"data/README.md"}
    unwanted = (".env", ".git", ".venv", "benchmarks", "dist", "site")
    assert not {name for name in names if name.split("/")[0] in unwanted}


def test_the_sdist_builds_the_same_wheel(built: Built, tmp_path: Path) -> None:
    with tarfile.open(built.sdist) as sdist:
        sdist.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
        sdist.extractall(tmp_path)  # noqa: S202
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=tmp_path / STEM, check=True)
    assert (tmp_path / built.wheel.name).read_bytes() == built.wheel.read_bytes()


def test_the_metadata(built: Built) -> None:
    about = metadata(built)
    assert about["Version"] == PROJECT["version"]
    assert about["License-Expression"] == "Apache-2.0"
    assert about["Description-Content-Type"] == "text/markdown"
    assert about.get_payload(decode=True) == (ROOT / "README.md").read_bytes()
    versions = {f"Programming Language :: Python :: 3.{minor}" for minor in (11, 12, 13)}
    assert versions <= {*about.get_all("Classifier", [])}


def test_it_runs_the_main_job_in_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    size = ["--users", "20", "--songs", "500", "--listens", "4000"]
    assert installed.run("--version", cwd=tmp_path) == f"recsys-dagster {PROJECT['version']}\n"
    installed.run("demo", *size, "--data-dir", "data", cwd=tmp_path)
    said = installed.run("run", "--data-dir", "data", cwd=tmp_path)
    assert f"data folder  {tmp_path / 'data'}" in " ".join(said.split("\n"))
    status = json.loads(installed.run("status", "--json", "--data-dir", "data", cwd=tmp_path))
    assert status["listens"] == 4_000
    answer = installed.run("recommend", "--json", "-n", "3", "--data-dir", "data", cwd=tmp_path)
    assert json.loads(answer)["release"] == status["release"]
    code = "import recsys_dagster, streamlit_app; print(recsys_dagster.__file__)"
    where = subprocess.check_output([installed.python, "-c", code], cwd=tmp_path, text=True)
    assert Path(where.strip()).is_relative_to(installed.site)


def test_a_program_outside_is_checked_against_its_types(
    installed: Installed, tmp_path: Path
) -> None:
    (tmp_path / "outside.py").write_text(OUTSIDE, encoding="utf-8")
    (tmp_path / "mypy.ini").write_text(CHECK, encoding="utf-8")
    check = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed.python)]
    command = [*check, "--config-file", "mypy.ini", "--cache-dir", os.devnull, "outside.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
