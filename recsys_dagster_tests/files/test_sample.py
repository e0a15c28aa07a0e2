from pathlib import Path

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.files.sample import take_sample


def columns(content: bytes, folder: Path) -> tuple[str, ...]:
    path = folder / "x.csv"
    path.write_bytes(content)
    return take_sample(path).columns


@pytest.mark.parametrize(
    "content",
    [b",A,\"b, c\" \n1,2,3\n", b"\xef\xbb\xbf,A,\"b, c\"\r\n", b",A,\"b, c\""],
)  # fmt: skip
def test_the_header_is_read(content: bytes, tmp_path: Path) -> None:
    assert columns(content, tmp_path) == ("", "A", "b, c")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \n\r\n\t", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("A,B\n1,2\n".encode("utf-16"), "UTF-16, expected UTF-8"),
        ("A,B\n1,2\n".encode("utf-16-be"), "no text file"),
        (b"PK\3\4\0\0binary\n", "is a zip"),
        (b"PAR\0\0binary\n", "no text file"),
        (b"A,B\r1,2\r", "carriage return"),
    ],
)
def test_what_is_no_utf8_text_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match=rf"^x\.csv.*{message}"):
        columns(content, tmp_path)


def test_a_character_that_others_take_for_a_line_end_is_part_of_a_name(tmp_path: Path) -> None:
    assert columns("a\u2028b,c\x0bd\n1,2\n".encode(), tmp_path) == ("a\u2028b", "c\x0bd")
