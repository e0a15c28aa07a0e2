import json
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.files import json_items
from recsys_dagster.files.json_items import (
    CUT,
    DAMAGED,
    NO_OBJECT,
    TOO_LONG,
    Item,
    parse_items,
    read_items,
)
from recsys_dagster_tests.tiers import examples

OBJECTS: list[dict[str, Any]] = [
    {"n": number, "name": f'a "{number}" {{x}} [y], \\ é', "in": {"m": [{"m": number}, {"m": 2}]}}
    for number in range(8)
]
LAYOUTS = {
    "one line": json.dumps(OBJECTS),
    "pretty": json.dumps(OBJECTS, indent=2, ensure_ascii=False),
    "spotify": json.dumps(OBJECTS, indent=2).replace('":', '" :').replace("},\n  {", "}, {"),
    "lines": "\n".join(json.dumps(item) for item in OBJECTS) + "\n",
    "windows": json.dumps(OBJECTS, indent=1).replace("\n", "\r\n"),
    "two arrays": json.dumps(OBJECTS[:3]) + json.dumps(OBJECTS[3:]),
    "two files": json.dumps(OBJECTS[:3]) + "\r\n\ufeff" + json.dumps(OBJECTS[3:]),
    "trailing commas": "[" + "".join(json.dumps(item) + ",\n" for item in OBJECTS) + ",]",
    "no end": json.dumps(OBJECTS)[:-1],
    "mark": "\ufeff" + json.dumps(OBJECTS),
    "nested arrays": f"[{json.dumps(OBJECTS[:4])}, {json.dumps(OBJECTS[4:])}]",
    "arrays in arrays": f"[[ [{json.dumps(OBJECTS)}]]]",
}
ONE = '{"n": 1}'


def read(content: str | bytes, chunk: int = 1 << 15) -> list[Item]:
    with TemporaryDirectory() as folder, patch.object(json_items, "_CHUNK", chunk):
        path = Path(folder) / "x.json"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_items(path, ["n"]))


def problems(content: str | bytes) -> list[str | None]:
    return [problem for _, _, problem in read(content)]


def whole(content: str | bytes) -> list[Any]:
    return [item for _, item, _ in read(content) if item is not None]


def edited(content: bytes, rng: random.Random) -> tuple[bytes, int]:
    """Change, take out or put in a byte; also where."""
    at, byte = rng.randrange(len(content)), rng.choice([*b'{}[]",:\\\n 1n\0\xff', 200])
    new = rng.choice([b"", bytes([byte]), bytes([byte]) + content[at : at + 1]])
    return content[:at] + new + content[at + 1 :], at


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("chunk", [1, 50, 1 << 15])
def test_each_layout_gives_its_items(layout: str, chunk: int) -> None:
    items = read(LAYOUTS[layout], chunk)
    assert [item for _, item, _ in items] == OBJECTS
    assert {problem for _, _, problem in items} == {None}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_lines_are_those_where_items_begin(layout: str) -> None:
    text = LAYOUTS[layout]
    begins = [text.rindex("{", 0, text.index(f'a \\"{number}')) for number in range(len(OBJECTS))]
    expected = [text.count("\n", 0, place) + 1 for place in begins]
    assert [line for line, _, _ in read(text)] == expected
    assert [line for line, _, _ in parse_items(text)] == expected


@pytest.mark.parametrize("empty", ["[]", "[\r\n]\n", " ", "\n\n", ",", "[][]", "\ufeff[]"])
def test_a_file_without_items(empty: str) -> None:
    assert read(empty) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("item", "problem"),
    [
        ("7", NO_OBJECT),
        ("null", NO_OBJECT),
        ('"text"', NO_OBJECT),
        ("[1, 2]", NO_OBJECT),
        ("[]", NO_OBJECT),
        ("1e999", NO_OBJECT),
        ("9" * 5000, DAMAGED),
        ('{"n": ' + "9" * 5000 + "}", DAMAGED),
        ("[" * 20_000, DAMAGED),
        ('{"n": ' + "[" * 20_000 + "}", DAMAGED),
        ('{"n" 1}', DAMAGED),
        ('{"n": "open}', DAMAGED),
        ('"n": 1}', DAMAGED),
        ('{"n": 1', DAMAGED),
        ('{"n": \\x}', DAMAGED),
        ('{"n": "\\q"}', DAMAGED),
        ("\0\0", DAMAGED),
        ("what is this", DAMAGED),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize(("start", "between", "end"), [("[", ",\n", "]"), ("", "\n", "")])
def test_a_bad_item_loses_itself_alone(
    item: str, problem: str, place: int, start: str, between: str, end: str
) -> None:
    if item[0] == "[" and not start:
        place = max(place, 1)  # a list that a file begins with is the list of its items
    texts = [json.dumps(sound) for sound in OBJECTS[:4]]
    texts.insert(place, item)
    items = read(start + between.join(texts) + end)
    assert [found for _, found, _ in items if found is not None] == OBJECTS[:4]
    told = [(line, why) for line, _, why in items if why]
    assert told == [(place + 1, problem)]


def test_damage_side_by_side_is_told_one_by_one() -> None:
    bad = '{"n": 1 "m"}'
    assert problems(f"[{ONE},{bad},{bad},{ONE}]") == [None, DAMAGED, DAMAGED, None]
    for mark in ("", "\ufeff"):
        lines = f"{mark}{bad}\nx y\n{bad}\n\n{ONE}\n"
        assert problems(lines) == [DAMAGED, DAMAGED, DAMAGED, None]


def test_lines_that_run_together_are_items_of_their_own() -> None:
    assert problems(f'{ONE}{ONE}\n{{"n": "cut{ONE}\n{ONE}') == [None, None, DAMAGED, None, None]


@pytest.mark.parametrize(
    "tail",
    [
        '{"n',
        '{"n": 1',
        '{"n": tru',
        '{"n": "te',
        '{"n": {"m": [1]',
        '{"n": 1,\n',
        '{"n": "\\u00',
        "{",
    ],
)
@pytest.mark.parametrize(("start", "between"), [("[", ","), ("", "\n")])
def test_a_file_that_is_cut_tells_of_the_last_item(tail: str, start: str, between: str) -> None:
    text = between.join([start + ONE, ONE, tail])
    assert problems(text) == [None, None, CUT]


def test_an_item_that_does_not_end_does_not_hide_the_next() -> None:
    assert problems('[{"n": [1, {"n": 2}') == [DAMAGED, None]
    assert problems('[{"n": [1, {"n": 2') == [DAMAGED, CUT]


@pytest.mark.slow
def test_what_begins_at_the_edge_of_the_window() -> None:
    for gap in range(230, 530):
        items = read(f"[{ONE},{' ' * gap}[{ONE}]]", chunk=1)
        assert [problem for _, _, problem in items] == [None, None]
        items = read(f"[x{' ' * gap}{ONE}]", chunk=1)
        assert [problem for _, _, problem in items] == [DAMAGED, None]


@settings(max_examples=examples(60))
@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 10_000))
def test_a_cut_loses_only_what_is_behind_it(layout: str, place: int) -> None:
    content = LAYOUTS[layout].encode()
    cut = content[: place % len(content)]
    items = read(cut)
    found = [item for _, item, _ in items if item is not None]
    assert found == OBJECTS[: len(found)]
    assert [why for _, _, why in items if why] in ([], [CUT])
    assert len(items) >= sum(f'a \\"{number}'.encode() in cut for number in range(8))


@settings(max_examples=examples(150))
@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 1 << 32))
def test_a_changed_byte_loses_only_what_is_beside_it(layout: str, seed: int) -> None:
    content = LAYOUTS[layout].encode()
    broken, at = edited(content, random.Random(seed))
    hit = content.count(b'"name"', 0, at)
    far = [item for number, item in enumerate(OBJECTS) if abs(number - hit) > 1]
    found = whole(broken)
    assert [item for item in found if item in far] == far


@settings(max_examples=examples(100))
@given(st.sampled_from(sorted(LAYOUTS)), st.integers(0, 1 << 32), st.integers(1, 400))
def test_the_size_of_the_window_changes_nothing(layout: str, seed: int, chunk: int) -> None:
    content, rng = LAYOUTS[layout].encode(), random.Random(seed)
    for _ in range(rng.randrange(12)):
        content, _ = edited(content, rng)
    assert repr(read(content, chunk)) == repr(read(content))


@settings(max_examples=examples(100))
@given(st.text('{}[]",:\\ \nn1a', max_size=80), st.binary(max_size=40))
def test_anything_at_all_is_read_to_its_end(text: str, noise: bytes) -> None:
    for item in read(text.encode() + noise):
        assert (item[1] is None) == (item[2] is not None)


def test_an_item_of_megabytes_and_one_beyond_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps([{"n": "x" * (3 << 20)}, {"n": 2}])
    assert problems(text) == [None, None]
    monkeypatch.setattr(json_items, "_LONGEST_ITEM", 1 << 20)
    assert problems(text) == [TOO_LONG, None]


def test_bytes_that_are_not_utf8_do_not_stop_the_others() -> None:
    assert whole('[{"n": "Björk"}]'.encode("latin-1")[:-1] + b', {"n": 2}]') == [
        {"n": "Bj\ufffdrk"},
        {"n": 2},
    ]


def test_control_characters_in_a_text_do_no_harm() -> None:
    assert whole('[{"n": "a\tb\nc\0"}]') == [{"n": "a\tb\nc\0"}]


@pytest.mark.slow
def test_much_is_read_a_window_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[" + ",\n".join([ONE] * 200_000) + "]")
    seen = 0
    for line, item, problem in read_items(path):
        seen += 1
        assert (line, item, problem) == (seen, {"n": 1}, None)
    assert seen == 200_000
