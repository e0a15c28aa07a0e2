"""Supervision, on small programs in the place of the servers."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.up import groups, servers, supervisor
from recsys_dagster.up.servers import Server
from recsys_dagster.up.supervisor import Family, Stop

pytestmark = pytest.mark.slow

_SOON = 60.0
WITH_A_CHILD = "import subprocess, time; subprocess.Popen(['sleep', '99']); time.sleep(99)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"


def _server(name: str, program: str) -> Server:
    return Server(name, [sys.executable, "-S", "-c", program])


def _soon(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + _SOON
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _looked_after(family: Family) -> Iterator[list[str]]:
    """A family whose children are looked after by a thread; the lines that it says."""
    stop, lines = Stop(), list[str]()
    with family.kept():
        list(family.start(stop))
        thread = threading.Thread(target=family.look_after, args=(stop, lines.append))
        thread.start()
        try:
            yield lines
        finally:
            stop.asked = True
            thread.join()


def _with_children(family: Family) -> list[psutil.Process]:
    """Its processes and theirs, and its keeper; other tests may have a cluster beside it."""
    started = [child.process.pid for child in family.children if child.process]
    own = [psutil.Process(pid) for pid in (*started, family._keeper._process.pid)]
    return [*own, *(child for one in own for child in one.children(recursive=True))]


def test_what_dies_is_started_again_and_said_and_nothing_is_left(tmp_path: Path) -> None:
    family = Family([_server("app", WITH_A_CHILD), _server("the other", DEAF)], tmp_path)
    app = family.children[0]
    with _looked_after(family) as lines:
        assert app.process is not None
        first = psutil.Process(app.process.pid)
        _soon(first.children)
        orphan = first.children()[0]
        first.kill()
        _soon(lambda: app.process is not None and app.process.pid != first.pid)
        assert not psutil.pid_exists(orphan.pid)
        _soon(psutil.Process(app.process.pid).children)
        mine = _with_children(family)
        assert len(mine) >= 4  # both, the child of one, and the keeper
    assert lines == [
        f"The app was ended by SIGKILL; it starts again in 1 s. Its log: {tmp_path / 'app.log'}"
    ]
    assert not psutil.wait_procs(mine, timeout=0)[1]


def test_a_command_that_is_gone_is_tried_again(tmp_path: Path) -> None:
    family = Family([_server("app", "import time; time.sleep(99)")], tmp_path)
    with _looked_after(family) as lines:
        child = family.children[0]
        assert child.process is not None
        child.server = Server("app", ["/no/such/program"])
        child.process.kill()
        _soon(lambda: len(lines) > 1)
    assert "The app cannot start (No such file or directory); it starts again in 2 s" in lines[1]


def test_what_cannot_start_at_first_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    broken = _server("app", "import sys; sys.exit('No such thing')")
    never = Server("daemon", broken.command, tmp_path / "never.sock")
    family = Family([never], tmp_path)
    words = r"^The daemon ended with code 1 \(No such thing\); its log is .*/daemon.log$"
    with pytest.raises(RecsysError, match=words), family.kept():
        list(family.start(Stop()))


def test_a_killed_keeper_is_replaced(tmp_path: Path) -> None:
    family = Family([_server("app", WITH_A_CHILD)], tmp_path)
    with _looked_after(family):
        first = family._keeper._process
        first.kill()
        _soon(lambda: family._keeper._process is not first)


def test_the_keeper_ends_all_when_the_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from recsys_dagster.up.supervisor import Family, Stop\n"
        "from recsys_dagster.up.servers import Server\n"
        f"family = Family([Server('app', [sys.executable, '-c', {WITH_A_CHILD!r}])], Path('.'))\n"
        "with family.kept():\n    list(family.start(Stop())); print(flush=True); time.sleep(99)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        start_new_session=True,
    )
    with parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        _soon(lambda: len(psutil.Process(parent.pid).children(recursive=True)) == 3)
        family = psutil.Process(parent.pid).children(recursive=True)
        os.killpg(parent.pid, signal.SIGKILL)
    assert not psutil.wait_procs(family, timeout=groups.PATIENCE + 5)[1]


def test_a_second_signal_does_not_disturb_and_handlers_come_back() -> None:
    stop, before = Stop(), signal.getsignal(signal.SIGTERM)
    with stop.by_signals():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert stop.asked
    assert signal.getsignal(signal.SIGTERM) == before


def test_nohup_stays_in_force() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = Stop()
        with stop.by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
        assert not stop.asked
    finally:
        signal.signal(signal.SIGHUP, before)


def test_who_does_not_answer_in_time_is_named_with_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_READY_WITHIN", 0.1)
    mute = Server("daemon", [sys.executable, "-c", "import time; time.sleep(99)"], tmp_path / "no")
    family = Family([mute], tmp_path)
    words = r"^The daemon did not answer within 0\.1 s; its log is .*/daemon\.log$"
    with pytest.raises(RecsysError, match=words), family.kept():
        list(family.start(Stop()))


def test_an_app_that_is_not_there_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _: None)
    with pytest.raises(RecsysError, match="app is not installed beside the package"):
        servers.servers("127.0.0.1", 1, 2, tmp_path)
