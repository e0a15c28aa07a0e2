"""Facts as Dagster shows them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster.storage.tables import scan_table

_MOST_LINES = 100


def table_metadata(path: Path, rows: int) -> dict[str, Any]:
    """Row count, columns and place of a table."""
    schema = scan_table(path).collect_schema()
    columns = [dg.TableColumn(name, str(kind)) for name, kind in schema.items()]
    return {
        "dagster/row_count": rows,
        "dagster/column_schema": dg.TableSchema(columns=columns),
        "path": dg.MetadataValue.path(str(path)),
    }


def markdown_counts(counts: Mapping[str, int], of: str) -> dg.MarkdownMetadataValue:
    """Counts as a small table."""
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in counts.items())
    return dg.MetadataValue.md(f"| {of} | count |\n| --- | ---: |\n{rows}" if rows else "none")


def markdown_shares(counts: Mapping[str, int], of: str) -> dg.MarkdownMetadataValue:
    """Counts as a small table, with the share that each has of all of them."""
    whole = sum(counts.values())
    rows = "\n".join(f"| {name} | {n:,} | {n / whole:.1%} |" for name, n in counts.items() if n)
    head = f"| {of} | count | share |\n| --- | ---: | ---: |\n"
    return dg.MetadataValue.md(f"{head}{rows}" if rows else "none")


def markdown_list(lines: Iterable[str]) -> dg.MarkdownMetadataValue:
    """Sentences as a list; of very many the first ones, and how many more there are."""
    found = list(lines)
    more = [f"and {len(found) - _MOST_LINES:,} more"] if len(found) > _MOST_LINES else []
    shown = [*found[:_MOST_LINES], *more]
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in shown) or "none")
