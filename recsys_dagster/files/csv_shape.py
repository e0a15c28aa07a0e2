"""How a CSV is laid out: what separates its fields, and whether its first line names them."""

import csv
from dataclasses import dataclass

SEPARATORS = (",", "\t", ";")


@dataclass(frozen=True, slots=True)
class CsvShape:
    """The layout of a file of delimited text.

    Attributes
    ----------
    columns
        The fields of the header line; of a file without one, the names given to its fields.
    separator
        What stands between fields.
    quote
        What may enclose a field, or `None` where quotes are plain text.
    header
        Whether the first line names the columns.
    """

    columns: tuple[str, ...]
    separator: str = ","
    quote: str | None = '"'
    header: bool = True

    @property
    def width(self) -> int:
        """Fields in a line."""
        return len(self.columns)

    def fields(self, text: str) -> list[str]:
        """The fields of one row.

        Raises
        ------
        csv.Error
            It is quoted wrongly.
        """
        if self.quote is None:
            return text.split(self.separator) if text else []
        return next(csv.reader([text], delimiter=self.separator, strict=True), [])


def shape_of(first_line: str) -> CsvShape:
    """The layout that a first line shows, taken as a header.

    The separator is what splits the line into most fields. Between tabs quotes are text: no
    tool that writes listening histories with tabs quotes them, and titles have quotes.
    """
    return max((_split(first_line, separator) for separator in SEPARATORS), key=lambda s: s.width)


def _split(line: str, separator: str) -> CsvShape:
    quote = None if separator == "\t" else '"'
    line = line.rstrip("\r\n")
    try:
        fields = next(csv.reader([line], delimiter=separator), []) if quote else line.split("\t")
    except csv.Error:
        fields = line.split(separator)
    return CsvShape(tuple(field.strip() for field in fields), separator, quote)
