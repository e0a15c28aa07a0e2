"""Damaging the files of a data folder one at a time, and what has to hold afterwards.

As a program it does so with every file in every way, and lets `recsys run` heal some of them:
`python -m recsys_dagster_tests.damaging --heal 20`.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from recsys_dagster.recommend import Recommender
from recsys_dagster.settings import load_settings
from recsys_dagster.storage.layout import Layout
from recsys_dagster.storage.releases import Release, Releases
from recsys_dagster.storage.serving import open_served
from recsys_dagster.storage.stages import Stamps
from recsys_dagster.workshop import STAGES, Workshop
from recsys_dagster_tests.commands import recsys
from recsys_dagster_tests.conftest import make_demo
from recsys_dagster_tests.reliability.aftermath import ROOMS, contents

PLACES = (*ROOMS, "cache/stages", "cache/readings", "releases")
_EARLIER = "20200101-000000"


def _flip(content: bytes) -> bytes:
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


KINDS: dict[str, Callable[[bytes, bytes], bytes | None]] = {
    "truncated": lambda content, _: content[: len(content) * 2 // 3],
    "emptied": lambda _, __: b"",
    "bit-flipped": lambda content, _: _flip(content),
    "rotten": lambda content, _: _flip(content),  # a flipped bit that leaves no trace in the time
    "deleted": lambda _, __: None,
    "swapped": lambda _, other: other,
}


def world(target: Path) -> None:
    """A released demo world with an earlier release, in an empty folder."""
    make_demo(target)
    assert recsys("run", "--data-dir", target).code == 0
    add_earlier_release(target)


def add_earlier_release(data_dir: Path) -> str:
    """A release of other content and long ago; its id."""
    current = Releases(data_dir / "releases").open_current()
    with tempfile.TemporaryDirectory(dir=data_dir) as name:
        elsewhere = Releases(Path(name) / "releases")
        with elsewhere.build() as building:
            shutil.copytree(current.path, building, dirs_exist_ok=True)
            (building / "manifest.json").unlink()
            (building / "model_card.md").write_text("An earlier one.", encoding="utf-8")
            made = elsewhere.publish(
                building,
                figures=current.manifest["figures"],
                demo=current.manifest["demo"],
                check=lambda _: None,
            )
        release_id = _EARLIER + made.id[-9:]
        shutil.copytree(made.path, data_dir / "releases" / release_id)
    return release_id


def files_of(data_dir: Path) -> list[str]:
    """Every file that the pipeline made, by its name in the data folder."""
    found = (file for place in PLACES for file in (data_dir / place).rglob("*") if file.is_file())
    return sorted(file.relative_to(data_dir).as_posix() for file in found)


@contextmanager
def damaged(data_dir: Path, name: str, kind: str, other: str) -> Iterator[bool]:
    """Damage a file for as long; whether that changed anything."""
    path = data_dir / name
    with tempfile.TemporaryDirectory() as safe:
        kept = shutil.copy2(path, safe)
        content, status = path.read_bytes(), path.stat()
        changed = KINDS[kind](content, (data_dir / other).read_bytes()) if content else b"more"
        path.unlink()
        if changed is not None:
            path.write_bytes(changed)
            if kind == "rotten":
                os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        try:
            yield changed != content
        finally:
            path.unlink(missing_ok=True)
            shutil.copy2(kept, path)


def partner(names: list[str], name: str, rng: random.Random) -> str:
    """Another file, to stand in the place of one; of the same kind where there is any."""
    others = [one for one in names if one != name]
    alike = [one for one in others if Path(one).suffix == Path(name).suffix]
    return rng.choice(alike or others)


def owner(data_dir: Path, name: str) -> str | None:
    """The stage that made a file of the tables, models or evaluation, or whose stamp it is."""
    if name.startswith("cache/stages/"):
        return Path(name).name.partition(".")[0]
    if name.startswith("releases/"):
        return None
    stamps = Stamps(Layout(data_dir))
    owners = [stage for stage in STAGES
              if (stamp := stamps.read(stage)) and name in stamp.outputs]  # fmt: skip
    return owners[0] if owners else None


def check_serving(
    data_dir: Path, name: str, opening: Callable[[Release], object] = Recommender.from_release
) -> None:
    """A damaged current release is not served, nor a good one refused; nothing is written."""
    releases = data_dir / "releases"
    before = (releases / "CURRENT").read_bytes() if (releases / "CURRENT").is_file() else None
    served = open_served(Layout(data_dir), opening)
    current, *_ = (one for one in Releases(releases).ids() if not one.startswith(_EARLIER))
    if name == "releases/CURRENT":
        assert served.warning, name
    elif name.startswith(f"releases/{current}/"):
        assert served.release.id.startswith(_EARLIER), name
        assert served.warning, name
        assert Path(name).name in served.warning
        assert served.release.id in served.warning
    else:
        assert (served.release.id, served.warning) == (current, None), name
    after = (releases / "CURRENT").read_bytes() if (releases / "CURRENT").is_file() else None
    assert after == before


def check_noticed(data_dir: Path, name: str, stage: str | None) -> None:
    """A run does the stage again that a damaged file is from."""
    if stage is None:
        return
    if name.startswith("cache/stages/"):
        shop = Workshop(load_settings(data_dir), thorough=True)
        assert shop.done(STAGES[stage]) is None, name
    else:
        assert Stamps(Layout(data_dir), thorough=True).read(stage) is None, name


def check_healing(data_dir: Path, wanted: dict[str, str]) -> None:
    """A run ends well, with the same tables, models and evaluation, and a release that is whole."""
    end = recsys("run", "--data-dir", data_dir, seconds=600)
    assert end.code == 0, end.err
    assert contents(data_dir) == wanted
    served = open_served(Layout(data_dir), Recommender.from_release)
    assert served.warning is None
    assert not list(data_dir.rglob(".tmp-*"))


def _groups(data_dir: Path, names: list[str]) -> dict[str, list[str]]:
    """Names by what they are part of, so that a sample has some of everything."""
    found: dict[str, list[str]] = {}
    for name in names:
        group = "/".join(Path(name).parts[:2]) if name.startswith(("cache", "releases")) else ""
        found.setdefault(group or owner(data_dir, name) or name, []).append(name)
    return found


def main() -> None:
    """Every file in every way; stop at the first thing that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heal", type=int, default=20, help="runs that heal a damaged file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--world", type=Path, help="a data folder to copy, with one whole release")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        pristine, data = Path(folder) / "pristine", Path(folder) / "data"
        if options.world:
            shutil.copytree(options.world, pristine)
            add_earlier_release(pristine)
        else:
            world(pristine)
        shutil.copytree(pristine, data)
        names = files_of(data)
        stages = {name: owner(data, name) for name in names}
        cases = 0
        for name in names:
            for kind in KINDS:
                with damaged(data, name, kind, partner(names, name, rng)) as changed:
                    if changed:
                        check_serving(data, name)
                        check_noticed(data, name, stages[name])
                        cases += 1
        sys.stdout.write(f"{cases} damages of {len(names)} files: served right, and noticed\n")
        sys.stdout.flush()
        wanted, groups = contents(pristine), _groups(pristine, names)
        order = sorted(groups)
        for number in range(options.heal):
            name = rng.choice(groups[order[number % len(order)]])
            kind = rng.choice(list(KINDS))
            shutil.rmtree(data)
            shutil.copytree(pristine, data)
            with damaged(data, name, kind, partner(names, name, rng)):
                sys.stdout.write(f"{kind}: {name}")
                sys.stdout.flush()
                check_healing(data, wanted)
                sys.stdout.write(" healed\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
