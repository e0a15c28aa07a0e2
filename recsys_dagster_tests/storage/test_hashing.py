"""Content hashes, against those of the whole content at once."""

import hashlib
from pathlib import Path

import pytest
import xxhash

from recsys_dagster.storage.hashing import (
    checksum,
    content_hash,
    hash_file,
    hash_json,
    hash_tree,
)

MEGABYTE = 1 << 20


@pytest.mark.parametrize("size", [0, 1, MEGABYTE, MEGABYTE + 1, 2 * MEGABYTE + 7])
def test_of_a_file_in_pieces_and_at_once(tmp_path: Path, size: int) -> None:
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    path = tmp_path / "file"
    path.write_bytes(content)
    assert hash_file(path) == hashlib.sha256(content).hexdigest()
    assert content_hash(path) == xxhash.xxh3_128_hexdigest(content)


def test_of_json_the_order_of_keys_does_not_count_and_all_else_does() -> None:
    assert hash_json({"a": 1, "b": [2]}) == hash_json({"b": [2], "a": 1})
    assert len({hash_json(one) for one in ({"a": 1}, {"a": "1"}, {"a": [1]}, {"b": 1}, None)}) == 5


def test_a_checksum_is_that_of_all_but_itself() -> None:
    document = {"a": {1: "x"}, "b": (2, 3)}
    found = checksum(document)
    assert checksum({**document, "checksum": found}) == found
    assert checksum({"a": {"1": "x"}, "b": [2, 3], "checksum": "other"}) == found
    assert checksum({**document, "c": None}) != found


def test_of_a_tree_every_file_once_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("one", "in/two", "in/deep/three", "other"):
        (tmp_path / name).write_text(name)
    (tmp_path / "in" / "empty").mkdir()
    found = hash_tree([tmp_path / "one", tmp_path / "in", tmp_path / "in" / "two"], tmp_path)
    assert list(found) == ["in/deep/three", "in/two", "one"]
    assert found["in/two"] == xxhash.xxh3_128_hexdigest(b"in/two")
    assert hash_tree([tmp_path / "nowhere"], tmp_path) == {}
