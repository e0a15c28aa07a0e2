"""A session of the cluster that the settings name."""

import contextlib
import re
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from recsys_dagster.engines.spark.where import MASTER, REMOTE, Where, found
from recsys_dagster.errors import RecsysError
from recsys_dagster.settings import Settings
from recsys_dagster.web.secrecy import shown

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE = 20.0
"""Seconds until a cluster counts as out of reach."""
_RETRIES = 8
"""Of a request to a Spark Connect server: about a minute; pyspark's own fifteen take ten."""
_SETTINGS = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.ansi.enabled": "true",  # an overflow is an error, not another number
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",  # as all other tables have it
    "spark.sql.session.timeZone": "UTC",
}


@contextmanager
def open_session(settings: Settings, name: str = "recsys") -> Iterator["SparkSession"]:
    """Open a session, and close it at the end.

    Memory, cores and all else that is the cluster's stays as its own configuration has it.

    Parameters
    ----------
    settings
        SPARK_REMOTE or SPARK_MASTER says where.
    name
        What the cluster's UI shows.

    Raises
    ------
    RecsysError
        The settings are wrong, something is not installed, the cluster cannot be reached within
        about `PATIENCE` seconds or refuses, or it is of another version.
    """
    place = found(settings)
    # What is asked of pandas here works with 3.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    refuse_unreachable(place)
    session = _opened(place, name, settings.secrets())
    try:
        refuse_other_version(place, session.version)
        for key, value in _SETTINGS.items():
            session.conf.set(key, value)
        yield session
    finally:
        with suppress(Exception):  # the cluster is gone, which has been told by what needed it
            session.stop()


def refuse_unreachable(place: Where) -> None:
    """Raise `RecsysError` where nobody listens; Spark itself would try for minutes."""
    if place.connect:
        _refuse_silent_server(place)
    elif place.address.startswith("spark://"):
        masters = place.address.removeprefix("spark://").split(",")
        if not any(_listens(master) for master in masters):
            raise RecsysError(
                f"No Spark master listens at {place.shown}. Check that it runs, and {MASTER}."
            )


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE / 4).close()
    except (OSError, ValueError):
        return False
    return True


def _refuse_silent_server(place: Where) -> None:
    import grpc
    from pyspark.errors import PySparkException
    from pyspark.sql.connect.client import DefaultChannelBuilder

    wrong = None
    try:
        with contextlib.closing(DefaultChannelBuilder(place.address).toChannel()) as channel:
            grpc.channel_ready_future(channel).result(timeout=PATIENCE)
    except grpc.FutureTimeoutError:
        wrong = (
            f"No Spark Connect server answers at {place.shown}. Check that it runs, and {REMOTE}."
        )
    except PySparkException:
        wrong = f"{REMOTE} is no Spark Connect address. It looks like sc://host:15002"
    if wrong:  # raised out here it does not carry the original, which may have the token in it
        raise RecsysError(wrong)


def _opened(place: Where, name: str, secrets: tuple[str, ...]) -> "SparkSession":
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName(name)
    try:
        if not place.connect:
            return builder.master(place.address).getOrCreate()
        session = builder.remote(place.address).create()
        _be_less_patient(session)
    except (PySparkException, Py4JError) as error:
        refusal = shown(reason(str(error)), secrets)
    else:
        return session
    raise RecsysError(f"Spark does not let us in at {place.shown}: {refusal}")


def _be_less_patient(session: "SparkSession") -> None:
    from pyspark.sql.connect.client.retries import DefaultPolicy

    policy = DefaultPolicy(max_retries=_RETRIES, max_backoff=15_000)
    session.client.set_retry_policies([policy])


def reason(said: str) -> str:
    """The line of a Java trace that says what was wrong."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line for line in lines if re.match(r"(: )?[\w.$]+(Exception|Error): ", line)]
    return (causes or lines or ["no reason given"])[0].removeprefix(": ")


def refuse_other_version(place: Where, theirs: str) -> None:
    """A master needs the same version as ours; a server may be newer, of the same major one."""
    import pyspark

    ours = pyspark.__version__
    mine, other = _numbers(ours), _numbers(theirs)
    fits = mine[0] == other[0] and mine <= other if place.connect else mine == other
    if not fits:
        raise RecsysError(
            f"Spark at {place.shown} is version {theirs}, which pyspark {ours} does not fit. "
            f"Install its own: pip install 'pyspark[connect]=={other[0]}.{other[1]}.*'."
        )


def _numbers(version: str) -> tuple[int, int]:
    numbers = re.findall(r"\d+", version)[:2]
    return int(numbers[0]), int(numbers[1])
