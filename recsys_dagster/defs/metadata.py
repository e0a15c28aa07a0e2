"""Facts as Dagster shows them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import dagster as dg

from recsys_dagster.storage.tables import scan_table


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


def markdown_list(lines: Iterable[str]) -> dg.MarkdownMetadataValue:
    """Sentences as a list."""
    return dg.MetadataValue.md("\n".join(f"- {line}" for line in lines) or "none")
