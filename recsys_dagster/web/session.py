"""Asking a web service politely: paced, patient, and without telling secrets."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import requests
import urllib3

from recsys_dagster.errors import RecsysError
from recsys_dagster.web.answers import Answer, TryAgain, parse
from recsys_dagster.web.bodies import read_body
from recsys_dagster.web.limits import Clock, Limits
from recsys_dagster.web.patience import Patience
from recsys_dagster.web.secrecy import Secrets, keep_out_of_logs, shown

TRIES = Patience().tries
_NO_ADDRESS = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    urllib3.exceptions.LocationValueError,  # a host with a part that is too long gets so far
)

T = TypeVar("T")


class ServiceDownError(RecsysError):
    """A service did not answer for now; a later try may get further.

    Attributes
    ----------
    problem
        In a few words, what it did instead.
    pause
        For how many seconds it wants to be left alone; None where it did not say.
    """

    def __init__(self, message: str, problem: str = "", pause: float | None = None) -> None:
        super().__init__(message)
        self.problem, self.pause = problem, pause


class _Direct(requests.Session):
    """Goes nowhere else: nothing is told to an address that the user did not set."""

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[str, str], Mapping[str, Any]] = {}

    def ask(self, request: requests.Request, timeout: tuple[float, float]) -> requests.Response:
        """What `get` does, with the body still to be read.

        `get` reads the whole environment for each request; here the proxy and the certificates
        are looked up in it once for each host.
        """
        prepared = self.prepare_request(request)
        host = urlsplit(str(prepared.url))[:2]
        if host not in self._settings:
            found = self.merge_environment_settings(prepared.url, {}, True, None, None)
            self._settings[host] = dict(found)
        return self.send(prepared, timeout=timeout, **self._settings[host])

    def get_redirect_target(self, resp: requests.Response) -> None:  # noqa: ARG002
        return None


class Web:
    """One session with one service.

    Parameters
    ----------
    title
        The service as people write it.
    setting
        The setting with its address, for messages.
    interval
        The least number of seconds from one request to the next.
    secrets
        Texts that must not be in any message.
    clock
        The time.
    patience
        How long it is waited for.
    rng
        Draws the jitter.

    Attributes
    ----------
    requests
        How many were sent so far.
    """

    def __init__(
        self,
        title: str,
        setting: str,
        interval: float,
        secrets: tuple[str, ...] = (),
        clock: Clock = time,
        patience: Patience | None = None,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.clock = clock
        self.requests = 0
        self._patience = patience or Patience()
        self._rng = rng or np.random.default_rng()
        self.on_wait: Callable[[str], None] = lambda _: None
        self._title, self._setting, self._secrets = title, setting, tuple(secrets)
        self._unsaid = Secrets(self._secrets)
        self._limits = Limits(interval, clock)
        self._session = _Direct()
        self._session.headers["User-Agent"] = f"recsys-dagster/{version('recsys-dagster')}"
        self._session.headers["Accept"] = "application/json"
        keep_out_of_logs(self._secrets)

    def sign(
        self, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        """Send credentials along with every request.

        Here they are in no variable of a function that may fail, which some tools print.
        """
        self._session.params = dict(params or {})
        self._session.headers.update(headers or {})

    def close(self) -> None:
        """Let go of the connections."""
        self._session.close()

    def quote(self, said: Any) -> str:
        """What a service said, fit for a message."""
        return shown(said, self._secrets)

    def get(
        self,
        url: str,
        params: Mapping[str, str | int],
        read: Callable[[Answer], T],
        tries: int | None = None,
    ) -> T:
        """Ask until `read` takes the answer; it raises `TryAgain` for one that it does not.

        Raises
        ------
        ServiceDownError
            `tries` tries were not enough, or the service asks for a pause of many minutes.
        RecsysError
            What `read` raises, or an address that is none.
        """
        problem, tries = "", tries or self._patience.tries
        for tried in range(tries):
            if tried:
                self._back_off(problem, tried)
            try:
                return read(self._ask(url, params))
            except TryAgain as trouble:
                problem = str(trouble)
            self._heed_long_pause(problem)
        raise ServiceDownError(
            f"{self._title} does not answer as it should: {problem}, {tries} times in a row. "
            "What was fetched is kept: run it again later to go on from there.",
            problem,
        )

    def _ask(self, url: str, params: Mapping[str, str | int]) -> Answer:
        if due := self._limits.due_in():
            self._wait(due, "waiting for the limit of the service")
        self.requests += 1
        trouble: Exception
        try:
            return self._send(url, params)
        except _NO_ADDRESS:
            trouble = RecsysError(
                f"The address of {self._title} is not one that can be asked. Correct "
                f"{self._setting} in the environment or in .env, or leave it out."
            )
        except (requests.exceptions.InvalidHeader, UnicodeError):
            trouble = RecsysError(
                f"The token for {self._title} has characters that no token has. Copy it again."
            )
        except requests.RequestException as error:
            trouble = TryAgain(f"no connection ({type(error).__name__})")
        self._limits.asked()
        # Raised out here it does not carry the original, which has the address with the key in it.
        raise trouble

    def _send(self, url: str, params: Mapping[str, str | int]) -> Answer:
        patience, until = self._patience, self.clock.monotonic() + self._patience.whole
        request = requests.Request("GET", url, params=dict(params))
        response = self._session.ask(request, (patience.connecting, patience.silence))
        self._limits.asked()
        self._limits.answered(response.status_code, response.headers)
        try:
            body = self._unsaid.out_of_body(read_body(response.raw, self.clock, until))
        except TryAgain:
            response.close()
            raise
        return Answer(response.status_code, parse(body), self._limits.asked_pause)

    def _back_off(self, problem: str, tried: int) -> None:
        """Wait as long as the answer asked for, else ever longer."""
        pause = self._limits.asked_pause
        if pause is None:
            pause = self._patience.back_off(tried, self._rng)
        self._wait(pause, f"waiting {pause:.0f} s: {problem}")

    def _heed_long_pause(self, problem: str) -> None:
        pause = self._limits.asked_pause
        if pause is not None and pause > self._patience.pause:
            raise ServiceDownError(
                f"{self._title} asks for a pause of {pause / 60:,.0f} minutes ({problem}). "
                "What was fetched is kept: run it again then to go on from there.",
                problem,
                pause,
            )

    def _wait(self, seconds: float, why: str) -> None:
        told = seconds >= 1
        if told:
            self.on_wait(why)
        self.clock.sleep(seconds)
        if told:
            self.on_wait("")
