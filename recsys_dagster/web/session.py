"""Asking a web service politely: paced, patient, and without telling secrets."""

import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, TypeVar

import requests

from recsys_dagster.errors import RecsysError
from recsys_dagster.web.answers import Answer, TryAgain, parse
from recsys_dagster.web.limits import LONGEST_PAUSE, Clock, Limits
from recsys_dagster.web.secrecy import keep_out_of_logs, shown

TRIES = 6
_LONGEST_BACK_OFF = 60.0
_TIMEOUTS = (10, 60)
_NO_ADDRESS = (
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
)

T = TypeVar("T")


class ServiceDownError(RecsysError):
    """A service did not answer for now; a later try may get further."""


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
    """

    def __init__(
        self,
        title: str,
        setting: str,
        interval: float,
        secrets: tuple[str, ...] = (),
        clock: Clock = time,
    ) -> None:
        self.clock = clock
        self.on_wait: Callable[[str], None] = lambda _: None
        self._title, self._setting, self._secrets = title, setting, secrets
        self._limits = Limits(interval, clock)
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"recsys-dagster/{version('recsys-dagster')}"
        self._session.headers["Accept"] = "application/json"
        keep_out_of_logs()

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
        headers: Mapping[str, str] | None = None,
        tries: int = TRIES,
    ) -> T:
        """Ask until `read` takes the answer; it raises `TryAgain` for one that it does not.

        Raises
        ------
        ServiceDownError
            `tries` tries were not enough, or the service asks for a pause of many minutes.
        RecsysError
            What `read` raises, or an address that is none.
        """
        problem = ""
        for tried in range(tries):
            if tried:
                self._back_off(problem, tried)
            try:
                return read(self._ask(url, params, headers or {}))
            except TryAgain as trouble:
                problem = str(trouble)
        raise ServiceDownError(
            f"{self._title} does not answer as it should: {problem}, {tries} times in a row. "
            "What was fetched is kept: run it again later to go on from there."
        )

    def _ask(self, url: str, params: Mapping[str, str | int], headers: Mapping[str, str]) -> Answer:
        if due := self._limits.due_in():
            self._wait(due, "waiting for the limit of the service")
        trouble: Exception
        try:
            response = self._session.get(
                url, params=dict(params), headers=dict(headers), timeout=_TIMEOUTS
            )
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
        else:
            self._limits.asked()
            self._limits.answered(response.status_code, response.headers)
            return Answer(response.status_code, parse(response.content))
        self._limits.asked()
        # Raised out here it does not carry the original, which has the address with the key in it.
        raise trouble

    def _back_off(self, problem: str, tried: int) -> None:
        """Wait as long as the answer asked for, else 1, 2, 4, … seconds."""
        pause = self._limits.asked_pause
        if pause is None:
            pause = min(2.0 ** (tried - 1), _LONGEST_BACK_OFF)
        if pause > LONGEST_PAUSE:
            raise ServiceDownError(
                f"{self._title} asks for a pause of {pause / 60:,.0f} minutes ({problem}). "
                "What was fetched is kept: run it again then to go on from there."
            )
        self._wait(pause, f"waiting {pause:.0f} s: {problem}")

    def _wait(self, seconds: float, why: str) -> None:
        told = seconds >= 1
        if told:
            self.on_wait(why)
        self.clock.sleep(seconds)
        if told:
            self.on_wait("")
