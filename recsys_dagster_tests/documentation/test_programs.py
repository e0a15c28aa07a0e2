"""The other commands of the pages: those of ours parse their words, and what is named is there."""

import argparse
import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from dagster._cli.dev import dev_command  # its help alone takes a process of its own seconds

from recsys_dagster.settings import Settings, load_settings
from recsys_dagster_tests.documentation import ROOT
from recsys_dagster_tests.documentation.shell import ALL, Command, beginning, blocks, of
from recsys_dagster_tests.documentation.trials import BY_HAND, NOT_RUN, NUMBERS

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
OURS = ("benchmarks/", "recsys_dagster_tests/", "deploy/", "docs/", ".ci/")
PROGRAMS = [
    one for one in of("python") if one.words[1].startswith("benchmarks/") or one.words[1] == "-m"
]


class ParsedError(Exception):
    """The words were parsed: nothing is to be done with them."""


@pytest.mark.slow
@pytest.mark.parametrize("command", PROGRAMS, ids=str)
def test_a_program_of_ours_takes_its_words(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parse_and_stop(parser: argparse.ArgumentParser, *given: object) -> None:
        parse(parser, *given)  # type: ignore[call-overload]
        raise ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_and_stop)
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])
    monkeypatch.setattr(os, "environ", os.environ.copy())
    main, words = _main_of(command)
    monkeypatch.setattr(sys, "argv", [command.words[1], *(NUMBERS.get(one, one) for one in words)])
    if "parse_args" not in main.__code__.co_names:
        assert not words, "it takes no words"
        return
    with pytest.raises(ParsedError):
        main()


def _module(name: str) -> ModuleType:
    """What `python -m` runs: of a package, its `__main__`."""
    module = importlib.import_module(name)
    return importlib.import_module(f"{name}.__main__") if hasattr(module, "__path__") else module


def _main_of(command: Command) -> tuple[Callable[[], None], tuple[str, ...]]:
    """The program's `main`, and the words that it is given."""
    if command.words[1] == "-m":
        try:
            return _module(command.words[2]).main, command.words[3:]
        except ModuleNotFoundError as error:
            required = error.name == "pyspark" and os.environ.get("RECSYS_REQUIRE_SPARK")
            if error.name in ("pyspark", "cosmic_ray") and not required:
                pytest.skip(f"{error.name} is not installed")
            raise
    path = ROOT / command.words[1]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main, command.words[2:]


@pytest.mark.slow
@pytest.mark.parametrize("command", ALL, ids=str)
def test_it_is_run_or_there_is_a_reason_and_what_it_names_is_there(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.words[0] == "recsys" or beginning(command, [*NOT_RUN, *BY_HAND])
    for word in command.words:
        if word.startswith(OURS):
            assert (ROOT / word).exists()
    assert command.group is None or command.group in PROJECT["dependency-groups"]
    aliases = {field.alias for field in Settings.model_fields.values()}
    for setting in command.words[1:] if command.words[0] == "export" else command.environment:
        name, _, value = setting.partition("=")
        if not name.startswith(("UV_", "STREAMLIT_")):
            assert name in aliases
            monkeypatch.setenv(name, value)
    load_settings()


def test_no_reason_is_left_over() -> None:
    idle = [start for start in (*NOT_RUN, *BY_HAND)
            if not any(str(one).startswith(start) for one in ALL)]  # fmt: skip
    assert not idle


@pytest.mark.parametrize("command", of("uv", "/opt/recsys-uv/bin/uv"), ids=str)
def test_uv_has_what_it_is_asked_for(command: Command) -> None:
    kinds = {"--extra": "optional-dependencies", "--group": "dependency-groups"}
    for option, value in zip(command.words, command.words[1:], strict=False):
        if option in kinds:
            table = PROJECT["project"] if option == "--extra" else PROJECT
            assert value in table[kinds[option]]
    uv = os.environ.get("UV") or shutil.which("uv")
    if uv:
        asked = [uv, command.words[1], "--help"]
        shown = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        assert all(word in shown for word in command.words[2:] if word.startswith("--"))


@pytest.mark.parametrize(
    "command", of("ruff", "mypy", "lint-imports", "sphinx-build", ".ci/audit"), ids=str
)
def test_continuous_integration_runs_the_same_checks(command: Command) -> None:
    assert " ".join(command.words[:2]).removesuffix(".").rstrip() in CI


@pytest.mark.parametrize("command", of("pytest"), ids=str)
def test_pytest_knows_its_words(command: Command, pytestconfig: pytest.Config) -> None:
    known = [line.partition(":")[0] for line in pytestconfig.getini("markers")]
    for option, value in zip(command.words, command.words[1:], strict=False):
        assert option != "-m" or value.removeprefix("not ") in known
        assert option != "-n" or pytestconfig.pluginmanager.has_plugin("xdist")


def test_dagster_has_the_option_and_the_workspace() -> None:
    known = {option for parameter in dev_command.params for option in parameter.opts}
    for command in of("dagster"):
        assert command.words[1] == dev_command.name
        assert {word for word in command.words if word.startswith("-")} <= known
        assert all((ROOT / word).is_file() for word in command.words if word.endswith(".yaml"))


def test_compose_has_the_services_that_are_named() -> None:
    compose = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
    for command in of("docker"):
        words = command.words
        assert "exec" not in words or words[words.index("exec") + 1] in compose["services"]


def test_the_settings_of_compose_are_made_as_the_page_says(tmp_path: Path) -> None:
    (script,) = (one for one in blocks(ROOT / "docs" / "deployment.md", "sh") if "sed -i" in one)
    lines = [line for line in script.splitlines() if line.startswith(("cd deploy", *BY_HAND))]
    shutil.copy(ROOT / ".env.example", tmp_path)
    (tmp_path / "deploy").mkdir()
    subprocess.run(["bash", "-euc", "\n".join(lines)], check=True, cwd=tmp_path)
    made = tmp_path / "deploy" / "recsys.env"
    assert made.stat().st_mode & 0o777 == 0o600
    before, after = ((tmp_path / ".env.example").read_text(), made.read_text())
    (line,) = set(after.splitlines()) - set(before.splitlines())
    name, _, password = line.partition("=")
    assert (name, len(password)) == ("DAGSTER_POSTGRES_PASSWORD", 48)
