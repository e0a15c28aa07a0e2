"""The model card: what was trained on what, how good it is, and how sure that is.

After Mitchell et al. 2019, "Model cards for model reporting".
"""

import platform
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any

from recsys_dagster.evaluation.gate import judge, of_listeners
from recsys_dagster.evaluation.protocol import FEW_LISTENERS
from recsys_dagster.evaluation.report import (
    BEYOND_COLUMNS,
    by_ndcg,
    interval_lines,
    markdown_rows,
    ranged,
    title,
)

LIBRARIES = ("recsys-dagster", "numpy", "polars", "scikit-learn", "numba")
CARD_COLUMNS = ("ndcg@10", "recall@10", "precision@10", "mrr@10", "hit@10")


def write_card(
    evaluation: Mapping[str, Any], data: Mapping[str, Any], settings: Mapping[str, Any]
) -> str:
    """The card as Markdown; the same for the same data, settings and versions.

    Parameters
    ----------
    evaluation
        The whole document.
    data
        Sizes and content hashes, by name.
    settings
        Those of the models, by name.
    """
    versions = {name: version(name) for name in LIBRARIES}
    versions["python"] = platform.python_version()
    parts = (
        ("Data", _facts({**data, "listener-song pairs": evaluation["protocol"]["pairs"]})),
        ("Models", _facts(settings)),
        ("Versions", _facts(versions)),
        ("How it was measured", _protocol(evaluation)),
        ("Figures, with 95 % intervals", _table(evaluation, CARD_COLUMNS)),
        ("Beyond accuracy (novelty in bits)", _table(evaluation, BEYOND_COLUMNS[2:])),
        ("What can be concluded", _conclusions(evaluation)),
        ("By group", _groups(evaluation)),
        ("Without each part", _ablations(evaluation)),
    )
    body = "\n\n".join(f"## {head}\n\n{text}" for head, text in parts if text)
    return f"# Model card of the hybrid recommender\n\n{body}\n"


def few_in_words(listeners: int) -> str:
    """What the number of listeners means for the intervals.

    >>> few_in_words(2_000)
    'Measured on 2,000 listeners.'
    """
    said = f"Measured on {of_listeners(listeners)}."
    if listeners >= FEW_LISTENERS:
        return said
    return (
        f"{said} With fewer than {FEW_LISTENERS} the intervals are wide, and of very few "
        "listeners even a little too narrow: small differences between methods are likely "
        "chance, and other listeners may rank the methods otherwise."
    )


def _facts(facts: Mapping[str, Any]) -> str:
    return "\n".join(
        f"- {name}: {f'{value:,}' if isinstance(value, int) else value}"
        for name, value in facts.items()
    )


def _protocol(evaluation: Mapping[str, Any]) -> str:
    about, drawn = evaluation["protocol"], evaluation["bootstrap"]
    return (
        f"{about['description']} {few_in_words(about['listeners'])} Intervals are those of "
        f"{drawn['resamples']:,} draws of listeners with replacement, the same for all methods."
    )


def _table(evaluation: Mapping[str, Any], columns: tuple[str, ...]) -> str:
    methods, ends = evaluation["methods"], evaluation["intervals"]
    rows = [
        [name, *(ranged(methods[name][column], ends[name][column]) for column in columns)]
        for name in by_ndcg(methods)
    ]
    return markdown_rows(["method", *map(title, columns)], rows)


def _conclusions(evaluation: Mapping[str, Any]) -> str:
    lines = [*interval_lines(evaluation)[1:], judge(evaluation).words]
    return "\n".join(f"- {line}" for line in lines)


def _groups(evaluation: Mapping[str, Any]) -> str:
    heads = ["group", "listeners", "songs", *evaluation["methods"]]
    return markdown_rows(heads, list(_group_rows(evaluation.get("groups", {}))))


def _group_rows(groups: Mapping[str, Any]) -> Iterator[list[str]]:
    """NDCG@10 of each method in each group; intervals are in the JSON."""
    for kind, named in groups.items():
        for name, group in named.items():
            figures = [ranged(row["ndcg@10"], None) for row in group["methods"].values()]
            yield [f"{kind}: {name}", f"{group['listeners']:,}", f"{group['answers']:,}", *figures]


def _ablations(evaluation: Mapping[str, Any]) -> str:
    rows = [
        [name, ranged(row["figures"]["ndcg@10"], row["intervals"]["ndcg@10"]),
         ranged(row["difference"]["ndcg@10"]["mean"], row["difference"]["ndcg@10"]["interval"])]
        for name, row in evaluation.get("ablations", {}).items()
    ]  # fmt: skip
    table = markdown_rows(["hybrid", "NDCG@10", "difference"], rows)
    return (
        f"{table}\n\nThe difference is of the whole hybrid to the one without the part; of "
        "`shuffled`, where the songs to be found are any, to random order: its interval "
        "should hold 0."
    )
