from pathlib import Path

import polars as pl
import pytest

from recsys_dagster.audio.features import REFUSED
from recsys_dagster.audio.sources import CatalogueSource, Surroundings, make_sources
from recsys_dagster.audio.sources.base import LOOKED_UP
from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import key_of
from recsys_dagster.settings import load_settings


def catalogues(folder: Path, **texts: str) -> dict[Path, str]:
    files = {}
    for name, text in texts.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        files[path] = f"hash of {text}"
    return files


def look_up(source: CatalogueSource, *songs: tuple[str, str]) -> pl.DataFrame:
    keys = [key_of(*song) for song in songs]
    return source.look_up(pl.DataFrame({"song_id": range(len(keys)), "song_key": keys}))


def energy(source: CatalogueSource, artist: str, title: str) -> float | None:
    found = look_up(source, (artist, title))
    return found["energy"].item() if found.height else None


def test_most_features_then_all_artists_then_the_first_file_then_the_earlier_row(
    tmp_path: Path,
) -> None:
    files = catalogues(
        tmp_path,
        a="artist,title,energy,key\nA,more,0.1,\nA;B,whole,0.2,1\nA,file,0.3,1\nA,row,0.4,1\n"
        "A,row,0.5,1\n",
        b="artist,title,energy,key\nA,more,0.6,1\nA,whole,0.7,1\nA,file,0.8,1\n",
    )
    source = CatalogueSource(dict(reversed(files.items())))
    assert energy(source, "A", "more") == 0.6
    assert energy(source, "A", "whole") == 0.7
    assert energy(source, "A", "file") == 0.3
    assert energy(source, "A", "row") == 0.4
    assert energy(source, "A;B", "whole") == 0.2


def test_only_known_songs_come_back_one_row_each(tmp_path: Path) -> None:
    files = catalogues(tmp_path, a="artist,title,energy\nA,x,0.1\nA,X (2009 Remaster),0.2\nB,y,7\n")
    found = look_up(CatalogueSource(files), ("A", "x"), ("nobody", "x"), ("b", "Y (feat. Z)"))
    assert found.schema == LOOKED_UP
    assert found.sort("song_id").select("song_id", "energy", REFUSED).rows() == [
        (0, 0.1, None),
        (2, None, "energy 7 is not 0 to 1"),
    ]


def test_a_file_that_cannot_be_used_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    files = catalogues(tmp_path, a="", b="artist,title,energy\nA,x,0.1\n", c="u,v\n1,2\n")
    source = CatalogueSource(files)
    assert energy(source, "A", "x") == 0.1
    assert [text.split(".csv")[0] for text in source.refused_files] == ["a", "c"]


def test_no_catalogue_knows_no_song() -> None:
    assert look_up(CatalogueSource({}), ("A", "x")).height == 0
    assert CatalogueSource({}).refused_files == []


def test_the_fingerprint_follows_the_contents(tmp_path: Path) -> None:
    one = catalogues(tmp_path, a="1", b="2")
    same = CatalogueSource(dict(reversed(one.items()))).fingerprint
    assert CatalogueSource(one).fingerprint == same
    assert CatalogueSource(catalogues(tmp_path, a="1", b="3")).fingerprint != same
    assert CatalogueSource(catalogues(tmp_path, a="1")).fingerprint != same


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings({}, tmp_path / "answers", load_settings())


def test_sources_are_made_in_the_order_of_the_names_once_each(around: Surroundings) -> None:
    assert [one.name for one in make_sources(["catalogue", "catalogue"], around)] == ["catalogue"]
    assert make_sources([], around) == []


def test_an_unknown_source_is_named(around: Surroundings) -> None:
    with pytest.raises(RecsysError, match=r"RECSYS_FEATURE_SOURCES names spotfy, .*catalogue"):
        make_sources(["catalogue", "spotfy"], around)
