"""What went wrong on a cluster, in words."""

from collections.abc import Iterable

from recsys_dagster.engines.spark.session import reason
from recsys_dagster.errors import RecsysError
from recsys_dagster.storage.trouble import KEPT
from recsys_dagster.web.secrecy import shown

_MEMORY = ("OutOfMemoryError", "GC overhead limit", "exit code 137", "exit status: 137")
_PYTHON = ("PYTHON_VERSION_MISMATCH", "different minor version than", "Cannot run program")
_GONE = ("StatusCode.UNAVAILABLE", "SESSION_CLOSED", "SESSION_NOT_FOUND", "SESSION_CHANGED",
         "RETRIES_EXCEEDED", "SparkContext was shut down", "Connection refused")  # fmt: skip
_ABORTED = ("aborted due to stage failure", "Job aborted")


def spark_in_words(error: BaseException, secrets: Iterable[str]) -> RecsysError | None:
    """The error to show in the place of one that a cluster caused; `None` where none did.

    A mistake in what was asked of Spark is ours, and is not among them.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    if not isinstance(error, (Py4JError, PySparkException, ConnectionError)):
        return None
    said = str(error)
    for words, marks in (
        ("A process of Spark had not enough memory; raise spark.executor.memory", _MEMORY),
        ("Spark's workers run another Python than this machine; set PYSPARK_PYTHON", _PYTHON),
        ("Spark went away in the middle of the work", _GONE),
        ("Spark gave the work up", _ABORTED),
    ):
        if any(mark in said for mark in marks):
            return RecsysError(f"{words} ({shown(reason(said), secrets)}). {KEPT}")
    return None
