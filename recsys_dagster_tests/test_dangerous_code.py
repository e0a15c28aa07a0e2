"""What must not be in the code: unpickling, evaluating, shells, and protections switched off.

Ruff's rules S (flake8-bandit) find most of it; here is what they leave out, and what must not be
excused by a comment either.
"""

import ast
import os
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsys_dagster.histories.visiting import MOST_BYTES

ROOT = Path(__file__).parent.parent
FOLDERS = ("recsys_dagster", "streamlit_app")
FILES = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
UNPICKLE = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
EVALUATE = {"eval", "exec", "compile", "__import__", "execfile"}
SHELL = {"popen", "getoutput", "getstatusoutput", "extractall", "mktemp"}
ODD = {("os", "system"), ("yaml", "load"), ("st", "html")}
FALSE = {"allow_pickle", "shell", "unsafe_allow_html", "unsafe_allow_javascript"}
TRUE = {"verify"}


def dangers(code: str) -> Iterator[str]:
    """What is dangerous in some code."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [one.name for one in node.names]
            modules = names if isinstance(node, ast.Import) else [node.module or ""]
            yield from (f"import {one}" for one in modules if one.split(".")[0] in UNPICKLE)
        elif isinstance(node, ast.Call):
            yield from _dangers_of(node)


def _dangers_of(call: ast.Call) -> Iterator[str]:
    function = call.func
    if isinstance(function, ast.Name) and function.id in EVALUATE:
        yield function.id
    if isinstance(function, ast.Attribute):
        owner = function.value.id if isinstance(function.value, ast.Name) else ""
        if function.attr in SHELL or (owner, function.attr) in ODD:
            yield f"{owner}.{function.attr}"
        if owner == "requests" and function.attr in {"get", "post", "put", "request"}:
            said = {one.arg: ast.unparse(one.value) for one in call.keywords}
            if said.get("allow_redirects") != "False" or "timeout" not in said:
                yield f"requests.{function.attr} that follows redirects, or waits for ever"
    for one in call.keywords:
        value = ast.unparse(one.value)
        if (one.arg in FALSE and value != "False") or (one.arg in TRUE and value == "False"):
            yield f"{one.arg}={value}"


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_has_any_of_it(folder: str) -> None:
    files = [file for file in FILES if file.is_relative_to(ROOT / folder)]
    assert files
    found = {file.name: list(dangers(file.read_text(encoding="utf-8"))) for file in files}
    assert not {name: what for name, what in found.items() if what}


@pytest.mark.parametrize(
    "code",
    ["import pickle", "from joblib import load", "import dill as d", "eval('1')", "exec(x)",
     "os.system('ls')", "subprocess.run('ls', shell=True)", "np.load(x, allow_pickle=True)",
     "yaml.load(x)", "st.markdown(x, unsafe_allow_html=True)", "st.html(x)", "z.extractall()",
     "requests.get(x, timeout=1)", "requests.post(x, allow_redirects=False)",
     "s.get(x, verify=False)"],
)  # fmt: skip
def test_each_would_be_found(code: str) -> None:
    assert list(dangers(code))


def test_nothing_that_was_written_is_pickled(demo_world: Path) -> None:
    """Dagster's default IO manager pickles what an asset returns; so none returns anything."""
    first = {file: file.read_bytes()[:2] for file in demo_world.rglob("*") if file.is_file()}
    assert first
    assert not [file for file, start in first.items() if start in {b"\x80\x04", b"\x80\x05"}]


def test_the_app_keeps_its_protections() -> None:
    config = ROOT / "streamlit_app" / ".streamlit" / "config.toml"
    server = tomllib.loads(config.read_text(encoding="utf-8"))["server"]
    assert (server["enableCORS"], server["enableXsrfProtection"]) == (True, True)
    assert server["address"] in server["allowedHosts"]
    assert not any("*" in host for host in server["allowedHosts"])
    assert server["maxUploadSize"] << 20 == MOST_BYTES


def test_nothing_switches_protections_off() -> None:
    off = re.compile(r"enable_?(CORS|Xsrf_?Protection)\W+(false|0|off)\b", re.IGNORECASE)
    assert off.search("--server.enableCORS=false")
    assert off.search('STREAMLIT_SERVER_ENABLE_XSRF_PROTECTION: "false"')
    places = ("recsys_dagster", "streamlit_app", "deploy", ".ci", ".github")
    files = [file for place in places for file in (ROOT / place).rglob("*") if file.is_file()]
    texts = {file: file.read_bytes().decode("utf-8", "replace") for file in files}
    assert not [file for file, text in texts.items() if off.search(text)]


def test_every_action_is_pinned_to_a_commit() -> None:
    workflows = sorted((ROOT / ".github" / "workflows").glob("*.y*ml"))
    assert workflows
    for workflow in workflows:
        text = workflow.read_text(encoding="utf-8")
        used = re.findall(r"uses:\s*(.*)", text)
        assert used
        assert not [
            one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", one)
        ]
        assert text.count("persist-credentials: false") == text.count("actions/checkout@")
        assert re.search(r"^permissions:\n  contents: read\n\n", text, re.MULTILINE)
        assert "pull_request_target" not in text


@pytest.mark.slow
@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_an_audit_that_cannot_be_done_is_no_audit(required: str, code: int) -> None:
    around = os.environ | {"OSV_URL": "http://127.0.0.1:9", "RECSYS_REQUIRE_AUDIT": required}
    audit = ROOT / ".ci" / "audit"
    done = subprocess.run([audit], env=around, capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert "skipped: no advisory database reachable" in done.stderr
