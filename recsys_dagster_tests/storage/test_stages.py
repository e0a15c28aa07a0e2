import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster.storage import stages as module
from recsys_dagster.storage.hashing import hash_file
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.stages import Stamps, fingerprint

PRINT = fingerprint("1", {"listens": "abc"}, {"sources": ["catalogue"]})


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    (layout.svd / "final").mkdir(parents=True)
    (layout.svd / "final" / "item_bias.npy").write_bytes(b"numbers")
    (layout.svd / "split.npy").write_bytes(b"0120")
    layout.songs.parent.mkdir()
    layout.songs.write_bytes(b"songs")
    return layout


@pytest.fixture
def stamps(layout: Layout) -> Stamps:
    stamps = Stamps(layout)
    stamps.write("svd_model", PRINT, [layout.svd, layout.songs], {"best_epoch": 7})
    return stamps


def age(path: Path) -> None:
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def test_what_was_written_is_read_back(stamps: Stamps, layout: Layout) -> None:
    stamp = Stamps(layout).current("svd_model", PRINT)
    assert stamp is not None
    assert stamp == stamps.read("svd_model")
    assert stamp.facts == {"best_epoch": 7}
    assert sorted(stamp.outputs) == [
        "models/svd/final/item_bias.npy", "models/svd/split.npy", "tables/songs.parquet",
    ]  # fmt: skip


def test_another_fingerprint_is_not_current(stamps: Stamps) -> None:
    assert stamps.current("svd_model", PRINT)
    assert stamps.current("svd_model", PRINT[:-1] + "x") is None
    assert stamps.read("svd_model") is not None
    assert stamps.current("knn_index", PRINT) is None


@pytest.mark.parametrize("other", [
    ("2", {"listens": "abc"}, {"sources": ["catalogue"]}),
    ("1", {"listens": "abd"}, {"sources": ["catalogue"]}),
    ("1", {"listens": None}, {"sources": ["catalogue"]}),
    ("1", {"listens": "abc", "songs": "x"}, {"sources": ["catalogue"]}),
    ("1", {"listens": "abc"}, {"sources": ["catalogue", "spotify"]}),
])  # fmt: skip
def test_all_that_a_result_depends_on_is_in_the_fingerprint(other: tuple[Any, Any, Any]) -> None:
    assert fingerprint(*other) != PRINT


def test_the_order_of_inputs_is_not_in_the_fingerprint() -> None:
    assert fingerprint("1", {"a": "1", "b": "2"}, {}) == fingerprint("1", {"b": "2", "a": "1"}, {})


@pytest.mark.parametrize("name", ["split.npy", "final/item_bias.npy"])
@pytest.mark.parametrize("damage", ["deleted", "truncated", "changed", "longer", "a folder"])
def test_outputs_that_are_not_as_they_were(
    stamps: Stamps, layout: Layout, name: str, damage: str
) -> None:
    path = layout.svd / name
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "truncated":
            path.write_bytes(content[:-1])
        case "changed":
            path.write_bytes(content[:-1] + b"!")
            age(path)
        case "longer":
            path.write_bytes(content + b"!")
        case "a folder":
            path.mkdir()
    assert stamps.read("svd_model") is None
    assert stamps.current("svd_model", PRINT) is None


def test_a_file_cut_without_a_trace_in_its_time(stamps: Stamps, layout: Layout) -> None:
    path = layout.svd / "split.npy"
    status = path.stat()
    path.write_bytes(path.read_bytes()[:-1])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamps.read("svd_model") is None


def test_a_folder_of_the_same_size_is_no_output(stamps: Stamps, layout: Layout) -> None:
    path = layout.svd / "split.npy"
    path.unlink()
    path.mkdir()
    stamp = json.loads((layout.stamps / "svd_model.json").read_text())
    stamp["outputs"]["models/svd/split.npy"]["size"] = path.stat().st_size
    del stamp["checksum"]
    (layout.stamps / "svd_model.json").write_text(json.dumps(stamp))
    assert stamps.read("svd_model") is None


def test_the_same_content_at_another_time_is_still_current(stamps: Stamps, layout: Layout) -> None:
    for path in (layout.svd / "split.npy", layout.songs):
        age(path)
    assert stamps.current("svd_model", PRINT)


def rot(path: Path) -> None:
    status, content = path.stat(), path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_a_flipped_bit_without_a_trace_is_seen_by_who_reads_it_whole(
    stamps: Stamps, layout: Layout
) -> None:
    rot(layout.svd / "split.npy")
    assert stamps.read("svd_model") is not None
    assert Stamps(layout, thorough=True).read("svd_model") is None


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are read whole from now on."""
    found: list[Path] = []

    def noted(path: Path) -> str:
        found.append(path)
        return hash_file(path)

    monkeypatch.setattr(module, "hash_file", noted)
    return found


def test_an_output_is_read_whole_once(stamps: Stamps, layout: Layout, read: list[Path]) -> None:
    read.clear()
    thorough = Stamps(layout, thorough=True)
    for _ in range(3):
        assert thorough.read("svd_model") is not None
    assert len(read) == 3
    stamps.read("svd_model")
    assert len(read) == 3


def test_what_was_seen_or_written_before_is_not_read_again_unless_it_changed(
    layout: Layout, read: list[Path]
) -> None:
    seen: module.SeenWhole = {}
    first, second = (Stamps(layout, thorough=True, seen=seen) for _ in range(2))
    first.write("ranker", PRINT, [layout.songs], {})
    assert second.read("ranker") is not None
    assert read == [layout.songs]
    rot(layout.songs)
    assert second.read("ranker") is None
    assert read == [layout.songs] * 2


def test_a_fact_that_changed_by_itself_means_to_do_it_again(stamps: Stamps, layout: Layout) -> None:
    path = layout.stamps / "svd_model.json"
    path.write_text(path.read_text().replace('"best_epoch": 7', '"best_epoch": 3'))
    assert stamps.read("svd_model") is None


def test_the_stamp_of_another_stage_is_none(stamps: Stamps, layout: Layout) -> None:
    stamps.write("ranker", PRINT, [layout.songs], {})
    for name in ("svd_model.held_out", "knn_index"):
        shutil.copy(layout.stamps / "ranker.json", layout.stamps / f"{name}.json")
        assert stamps.read(name) is None
    assert stamps.read("ranker") is not None


def test_a_stamp_of_the_first_versions_counts(stamps: Stamps, layout: Layout) -> None:
    path = layout.stamps / "svd_model.json"
    document = json.loads(path.read_text())
    del document["checksum"]
    path.write_text(json.dumps(document))
    assert stamps.current("svd_model", PRINT) is not None


DAMAGES = [
    b"", b"{", b"null", b"[]", b"5", b'"text"', b"\xff\xfe", b"{}", b'{"outputs": []}',
    b'{"outputs": {"a": 5}, "fingerprint": "", "data_version": ""}',
    b'{"outputs": {"a": {"sha256": ""}}, "fingerprint": "", "data_version": ""}',
    b'{"outputs": {"\\u0000": {"sha256": "", "size": 1, "modified_ns": 1}},'
    b' "fingerprint": "", "data_version": ""}',
    b'{"outputs": {}, "fingerprint": "x"}', b'{"outputs": {}, "data_version": "", "more": 1}',
]  # fmt: skip


@pytest.mark.parametrize("content", DAMAGES)
def test_a_damaged_stamp_means_to_do_it_again(
    stamps: Stamps, layout: Layout, content: bytes
) -> None:
    (layout.stamps / "svd_model.json").write_bytes(content)
    assert stamps.read("svd_model") is None
    assert stamps.current("svd_model", PRINT) is None


@pytest.mark.slow
def test_a_stamp_cut_anywhere_is_not_current(stamps: Stamps, layout: Layout) -> None:
    path = layout.stamps / "svd_model.json"
    content = path.read_bytes()
    for length in range(len(content) - 2):
        path.write_bytes(content[:length])
        assert stamps.read("svd_model") is None


def test_the_data_version_depends_on_names_and_contents_only(tmp_path: Path) -> None:
    def version(root: str, files: dict[str, bytes], expected: str = PRINT) -> str:
        layout = Layout(tmp_path / root)
        layout.svd.mkdir(parents=True)
        for name, content in files.items():
            (layout.svd / name).write_bytes(content)
            os.utime(layout.svd / name, (len(root), len(root)))
        return Stamps(layout).write("svd_model", expected, [layout.svd], {"at": root}).data_version

    first = version("one", {"a": b"1", "b": b"2"})
    assert version("other", {"b": b"2", "a": b"1"}, expected="another") == first
    assert version("content", {"a": b"1", "b": b"3"}) != first
    assert version("name", {"a": b"1", "c": b"2"}) != first
    assert version("swapped", {"a": b"2", "b": b"1"}) != first
    assert version("fewer", {"a": b"1"}) != first
