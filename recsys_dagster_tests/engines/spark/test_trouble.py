"""What a cluster says when it fails, in words and without secrets."""

import pytest

pytest.importorskip("pyspark")

from pyspark.errors import PySparkException

from recsys_dagster.engines.spark.trouble import spark_in_words

SECRET = "planted-token-4711"  # noqa: S105


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("java.lang.OutOfMemoryError: Java heap space", "raise spark.executor.memory"),
        ("[PYTHON_VERSION_MISMATCH] 3.11 and 3.12", "set PYSPARK_PYTHON"),
        ("StatusCode.UNAVAILABLE at sc://here", "Spark went away"),
        ("Job aborted due to stage failure: Task 1 failed", "Spark gave the work up"),
    ],
)
def test_each_kind_is_a_sentence_that_keeps_secrets(said: str, words: str) -> None:
    for error in (PySparkException(f"{said} {SECRET}"), ConnectionError(f"{said} {SECRET}")):
        found = str(spark_in_words(error, [SECRET]))
        assert words in found
        assert "What was finished is kept" in found
        assert SECRET not in found


@pytest.mark.parametrize(
    "error", [PySparkException("[UNRESOLVED_COLUMN] no such column"), ValueError("Job aborted")]
)
def test_a_mistake_of_ours_is_not_put_on_the_cluster(error: Exception) -> None:
    assert spark_in_words(error, []) is None
