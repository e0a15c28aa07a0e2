import json
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from recsys_dagster.errors import RecsysError
from recsys_dagster.storage import manifests
from recsys_dagster.storage import releases as module
from recsys_dagster.storage.hashing import checksum
from recsys_dagster.storage.manifests import SCHEMA_VERSION
from recsys_dagster.storage.releases import Release, Releases

FILES = {
    "songs.parquet": b"songs" * 20,
    "svd/item_bias.npy": b"bias" * 30,
    "svd/model.json": b'{"mean": 1}',
    "empty": b"",
    "evaluation.json": b'{"methods": {}}',
}


def agree(release: Release) -> None:
    assert release.path.is_dir()


def refuse(release: Release) -> None:
    raise RecsysError(f"{release.id} does not serve.")


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    return Releases(tmp_path / "releases")


def publish(
    releases: Releases,
    note: str = "one",
    check: Callable[[Release], None] = agree,
    **figures: Any,
) -> Release:
    with releases.build() as building:
        for name, content in {**FILES, "note": note.encode()}.items():
            (building / name).parent.mkdir(exist_ok=True)
            (building / name).write_bytes(content)
        return releases.publish(building, figures=figures, demo=True, check=check)


def left(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_nothing_released_yet(releases: Releases) -> None:
    assert releases.current_id() is None
    assert releases.ids() == []
    with pytest.raises(RecsysError, match="recsys run"):
        releases.open_current()


def test_what_is_published_is_current(releases: Releases, tmp_path: Path) -> None:
    release = publish(releases)
    assert releases.current_id() == release.id
    assert releases.ids() == [release.id]
    assert releases.open_current() == releases.open(release.id) == release
    assert left(tmp_path / "releases") == sorted([release.id, "CURRENT"])
    for name, content in FILES.items():
        assert (release.path / name).read_bytes() == content
    assert release.evaluation() == {"methods": {}}


def test_the_manifest(releases: Releases) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    release = publish(releases, songs=3, nested={"2": 1, "10": [1, 2.5, None, "ö"]})
    manifest = releases.describe(release.id)
    assert manifest == release.manifest
    assert manifest["figures"] == {"songs": 3, "nested": {"2": 1, "10": [1, 2.5, None, "ö"]}}
    assert manifest["demo"] is True
    assert manifest["schema_version"] == SCHEMA_VERSION
    assert sorted(manifest["files"]) == sorted([*FILES, "note"])
    assert {name: file["size"] for name, file in manifest["files"].items()} == {
        **{name: len(content) for name, content in FILES.items()}, "note": 3,
    }  # fmt: skip
    assert {"numpy", "polars", "recsys-dagster", "python"} <= set(manifest["versions"])
    assert before <= release.created_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert release.id.startswith(f"{release.created_at:%Y%m%d-%H%M%S}-{manifest['content'][:8]}")


def test_figures_with_numbers_for_names_are_read_back(releases: Releases) -> None:
    release = publish(releases, at={2: 0.5, 10: 0.25})
    assert releases.open(release.id).manifest["figures"] == {"at": {"2": 0.5, "10": 0.25}}


def test_the_same_content_again_is_the_same_release(releases: Releases) -> None:
    first, other = publish(releases), publish(releases, "two")
    assert releases.current_id() == other.id != first.id
    again = publish(releases, check=refuse)
    assert again == first
    assert releases.current_id() == first.id
    assert sorted(releases.ids()) == sorted([first.id, other.id])


@pytest.mark.parametrize("error", [RecsysError, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("published", [True, False])
def test_when_the_check_fails_nothing_is_published(
    releases: Releases, tmp_path: Path, published: bool, error: type[BaseException]
) -> None:
    def fail(release: Release) -> None:
        assert json.loads((release.path / "manifest.json").read_text())["figures"] == {}
        raise error

    first = publish(releases, "one") if published else None
    with pytest.raises(error):
        publish(releases, "two", check=fail)
    assert releases.current_id() == (first.id if first else None)
    assert left(tmp_path / "releases") == (sorted([first.id, "CURRENT"]) if first else [])


def test_what_a_failed_build_left_is_removed(releases: Releases, tmp_path: Path) -> None:
    def build_half() -> None:
        with releases.build() as building:
            (building / "songs.parquet").write_bytes(b"half")
            raise ValueError("half")

    with pytest.raises(ValueError, match="half"):
        build_half()
    assert left(tmp_path / "releases") == []


def test_a_build_that_was_killed_is_no_release(releases: Releases, tmp_path: Path) -> None:
    release = publish(releases)
    for name in (".tmp-0123456789ab-release", "20260101-000000-abc", "notes"):
        shutil.copytree(release.path, tmp_path / "releases" / name)
    assert releases.ids() == [release.id]


def damage_file(path: Path, damage: str, other: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    match damage:
        case "truncated":
            path.write_bytes(content[:-3])
        case "emptied":
            path.write_bytes(b"")
        case "bit-flipped":
            path.write_bytes(content[:-2] + bytes([content[-2] ^ 4]) + content[-1:])
        case "swapped":
            path.write_bytes(other.read_bytes())
        case "folder":
            path.mkdir()


DAMAGES = ["truncated", "emptied", "bit-flipped", "swapped", "folder", "deleted"]
CASES = [(name, damage) for name in (*FILES, "note", "manifest.json") for damage in DAMAGES
         if name != "empty" or damage in DAMAGES[3:]]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("name", "damage"), CASES)
def test_a_damaged_release_is_refused_by_name(releases: Releases, name: str, damage: str) -> None:
    release = publish(releases, songs=3)
    other = "songs.parquet" if name != "songs.parquet" else "note"
    damage_file(release.path / name, damage, release.path / other)
    for read in (releases.open, releases.roll_back):
        with pytest.raises(RecsysError) as caught:
            read(release.id)
        assert release.id in str(caught.value)
        assert Path(name).name in str(caught.value)
    with pytest.raises(RecsysError, match="damaged"):
        releases.open_current()


@pytest.mark.parametrize("damage", ["bit-flipped", "swapped"])
def test_a_release_without_fast_checksums_is_verified_by_the_slow_ones(
    releases: Releases, damage: str
) -> None:
    release = publish(releases)
    manifest = json.loads((release.path / "manifest.json").read_text("utf-8"))
    for recorded in manifest["files"].values():
        del recorded["xxh3_128"]
    manifest["checksum"] = checksum(manifest)
    (release.path / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert releases.open(release.id).manifest == manifest
    damage_file(release.path / "songs.parquet", damage, release.path / "note")
    with pytest.raises(RecsysError, match="not as it was released"):
        releases.open(release.id)


def test_a_file_that_the_disk_does_not_give_is_said_in_words(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = publish(releases)

    def fail(path: Path) -> str:
        raise OSError(5, "Input/output error", str(path))

    monkeypatch.setattr(manifests, "content_hash", fail)
    with pytest.raises(RecsysError, match=f"{release.id} is damaged.*Input/output error"):
        releases.open(release.id)


@pytest.mark.slow
def test_every_flipped_bit_of_a_manifest_is_noticed(releases: Releases) -> None:
    release = publish(releases, songs=3)
    path = release.path / "manifest.json"
    content = path.read_bytes()
    meaning = json.loads(content)
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << (place % 7)
        path.write_bytes(flipped)
        try:
            same = json.loads(flipped) == meaning  # "2e5" and "2E5", "\n" and " "
        except ValueError:
            same = False
        if not same:
            with pytest.raises(RecsysError, match=release.id):
                releases.open(release.id)


@pytest.mark.slow
@pytest.mark.parametrize("content", [
    "[]", "5", "null", '"x"', "{}", '{"schema_version": 1}', '{"schema_version": 2}',
    '{"schema_version": 1, "files": {"note": {}}}', '{"schema_version": 1, "files": []}',
])  # fmt: skip
def test_a_manifest_of_another_form_is_refused(releases: Releases, content: str) -> None:
    release = publish(releases)
    (release.path / "manifest.json").write_text(content)
    with pytest.raises(RecsysError, match=release.id):
        releases.open(release.id)
    with pytest.raises(RecsysError, match=release.id):
        releases.describe(release.id)
    again = publish(releases)
    assert again.id != release.id
    assert releases.open_current() == again


@pytest.mark.parametrize(("versions", "said"), [
    ({"recsys-dagster": "9.8.7"}, "Version 9.8.7 of this program made it: update this one"),
    ({}, "A newer version of this program made it: update this one"),
    ("?", "A newer version of this program made it: update this one"),
])  # fmt: skip
def test_a_release_of_a_newer_form_says_which_version_made_it(
    releases: Releases, versions: object, said: str
) -> None:
    release = publish(releases)
    newer = {**release.manifest, "schema_version": SCHEMA_VERSION + 1, "versions": versions}
    (release.path / "manifest.json").write_text(json.dumps(newer))
    with pytest.raises(RecsysError, match=f"{release.id} has the form 2, expected 1. {said}"):
        releases.open(release.id)


def test_damaged_content_is_published_anew(releases: Releases) -> None:
    release = publish(releases)
    (release.path / "note").write_bytes(b"two")
    again = publish(releases)
    assert again.id != release.id
    assert releases.open_current() == again
    assert releases.ids() == [again.id, release.id]


BAD_IDS = [
    "", ".", "..", "../..", "../releases", "CURRENT", "/", "/etc", "x" * 100_000, "\0", "\n",
    "20260101-000000-0123abcd/..", "20260101-000000-0123abcd\n", "20260101-000000-0123ABCD",
    "２０２６0101-000000-0123abcd", "*", "🎉", "\udcff", "C:\\", ".tmp-0123456789ab-release",
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("bad", BAD_IDS, ids=range(len(BAD_IDS)))
def test_an_id_that_is_none_leads_nowhere(
    releases: Releases, tmp_path: Path, bad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = publish(releases)
    shutil.copy(release.path / "manifest.json", tmp_path)
    shutil.copy(release.path / "manifest.json", tmp_path / "releases")

    def never(path: Path, *_: Any, **__: Any) -> str:
        raise AssertionError(f"{path} was read")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "read_text", never)
        for use in (releases.open, releases.describe, releases.roll_back):
            with pytest.raises(RecsysError, match="There is no release") as caught:
                use(bad)
            assert len(str(caught.value)) < 400
            assert "\n" not in str(caught.value)
    assert releases.current_id() == release.id


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"../..", b"20260101-000000-0123abcd", b"\0"])
def test_a_damaged_current_is_said_in_words(
    releases: Releases, tmp_path: Path, content: bytes
) -> None:
    release = publish(releases)
    current = tmp_path / "releases" / "CURRENT"
    current.write_bytes(content)
    with pytest.raises(RecsysError, match="There is no release"):
        releases.open_current()
    releases.roll_back(release.id)
    assert releases.open_current() == release
    current.write_bytes(b" \n")
    assert releases.current_id() is None


@pytest.mark.parametrize("damage", ["gone", "empty", "a folder"])
def test_a_current_that_names_nothing_is_said_in_words_and_put_right(
    releases: Releases, tmp_path: Path, damage: str
) -> None:
    release = publish(releases)
    current = tmp_path / "releases" / "CURRENT"
    current.unlink()
    match damage:
        case "empty":
            current.write_bytes(b"")
        case "a folder":
            (current / "inside").mkdir(parents=True)
    assert releases.current_id() is None
    with pytest.raises(RecsysError, match=r"CURRENT names no release.*recsys run"):
        releases.open_current()
    releases.roll_back(release.id)
    assert releases.open_current() == release
    assert left(tmp_path / "releases") == sorted([release.id, "CURRENT"])


def test_rollback_verifies_first(releases: Releases) -> None:
    first, second, third = (publish(releases, note) for note in ("one", "two", "three"))
    assert releases.roll_back(first.id) == first
    assert releases.current_id() == first.id
    (second.path / "note").write_bytes(b"2")
    with pytest.raises(RecsysError, match=f"{second.id} is damaged: note is not"):
        releases.roll_back(second.id)
    assert releases.current_id() == first.id
    assert releases.roll_back(third.id) == releases.open_current()


def test_releases_of_one_second_differ_and_sort_by_age(
    releases: Releases, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Clock":
            return cls(2026, 1, 2, 23, 59, 58, 900, tz)

    monkeypatch.setattr(module, "datetime", Clock)
    made = [publish(releases, str(number)).id for number in range(4)]
    assert releases.ids() == made[::-1]
    assert [one[:15] for one in made] == [
        "20260102-235958", "20260102-235959", "20260103-000000", "20260103-000001",
    ]  # fmt: skip


@pytest.mark.slow
def test_a_reader_never_sees_a_half_release(releases: Releases) -> None:
    publish(releases, "0" * 100_000)
    done, seen, failures = threading.Event(), set(), []

    def read() -> None:
        while not done.is_set():
            try:
                release_id = releases.current_id()
                assert release_id is not None
                note = (releases.open(release_id).path / "note").read_text()
                assert len(note) == 100_000
                seen.add(note[0])
                assert release_id in releases.ids()
            except BaseException as error:  # whatever it is, the test shows it
                failures.append(repr(error))
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(1, 11):
        publish(releases, f"{number % 10}" * 100_000 if number < 10 else "x" * 100_000)
    done.set()
    reader.join(20)
    assert failures == []
    assert len(seen) > 1
    assert len(releases.ids()) == 11
