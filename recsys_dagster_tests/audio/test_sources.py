import random
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.audio.features import REFUSED
from recsys_dagster.audio.sources import CatalogueSource, Surroundings, make_sources
from recsys_dagster.audio.sources.base import LOOKED_UP
from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import key_of
from recsys_dagster.settings import load_settings
from recsys_dagster_tests.tiers import examples


def catalogues(folder: Path, **texts: str) -> dict[Path, str]:
    files = {}
    for name, text in texts.items():
        path = folder / f"{name}.csv"
        path.write_text(text)
        files[path] = f"hash of {text}"
    return files


def table(*songs: tuple[str, str], ids: dict[int, list[str]] | None = None) -> pl.DataFrame:
    texts = dict.fromkeys(("song_key", "artist", "title"), pl.String())
    schema = pl.Schema({"song_id": pl.Int32(), **texts, "spotify_ids": pl.List(pl.String())})
    rows = [
        (number, key_of(*song), *song, (ids or {}).get(number, []))
        for number, song in enumerate(songs)
    ]
    return pl.DataFrame(rows, schema=schema, orient="row")


def look_up(source: CatalogueSource, *songs: tuple[str, str]) -> pl.DataFrame:
    return source.look_up(table(*songs))


def energy(source: CatalogueSource, artist: str, title: str) -> float | None:
    found = look_up(source, (artist, title))
    return found["energy"].item() if found.height else None


@pytest.mark.slow
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


IDS = ["A" * 22, "B" * 22, "C" * 22]


def test_the_id_comes_before_the_name_and_the_name_before_what_is_alike(tmp_path: Path) -> None:
    files = catalogues(
        tmp_path,
        a=f"artist,title,energy,id\nZ,other name,0.1,{IDS[1]}\nA,Harbour,0.2,{IDS[2]}\n"
        "A,Harbour!,0.3,\nA,Sun Light,0.4,\n",
    )
    source = CatalogueSource(files)
    songs = table(
        ("A", "Harbour"), ("A", "Harbour"), ("A", "Sunlight"), ("A", "Moonlight"),
        ids={0: [IDS[0], IDS[1], IDS[2]], 3: [IDS[0]]},
    )  # fmt: skip
    found = source.look_up(songs).sort("song_id").select("song_id", "energy", "score").rows()
    assert found == [(0, 0.1, 1.0), (1, 0.2, 1.0), (2, 0.4, 0.98)]
    assert dict(source.match(songs).select("song_id", "step").rows()) == {
        0: "id", 1: "identity", 2: "alike",
    }  # fmt: skip


@pytest.mark.parametrize(("energy_of_other", "found"), [(0.55, 1), (0.9, 0)])
def test_two_rows_that_are_alike_count_if_they_agree(
    energy_of_other: float, found: int, tmp_path: Path
) -> None:
    rows = f"A,Sun-light,0.5\nA,Sun Light,{energy_of_other}\n"
    source = CatalogueSource(catalogues(tmp_path, a="artist,title,energy\n" + rows))
    assert look_up(source, ("A", "Sunlight")).height == found


def test_a_clearly_better_match_needs_no_agreement(tmp_path: Path) -> None:
    rows = 'A,Night Harbour,0.5\nA,"Night Harbour! - From ""Lake""",0.9\n'
    source = CatalogueSource(catalogues(tmp_path, a="artist,title,energy\n" + rows))
    assert energy(source, "A", "Night-Harbour") == 0.5


def test_what_is_alike_stays_within_the_artist(tmp_path: Path) -> None:
    text = "artist,title,energy\nThe Quays;Bo,Harbour!,0.1\nGustav Mahler,Lied!,0.2\n"
    source = CatalogueSource(catalogues(tmp_path, a=text))
    songs = [("Quays", "Harbour"), ("Quays, Léa", "Harbour"), ("Bo", "Harbour"),
             ("Quay", "Harbour"),
             ("Gustav Mahler", "Lied")]  # fmt: skip
    assert look_up(source, *songs).sort("song_id")["song_id"].to_list() == [0, 1]


def test_titles_alike_beyond_count_match_by_their_letters_only(tmp_path: Path) -> None:
    rows = "".join(f"A,Harbouring s{chr(97 + n // 26)}{chr(97 + n % 26)},0.1\n" for n in range(150))
    source = CatalogueSource(catalogues(tmp_path, a="artist,title,energy\n" + rows))
    songs = [("A", "Harboring saa"), ("A", "Harbouring; saa")]
    assert look_up(source, *songs)["song_id"].to_list() == [1]


@pytest.mark.slow
@given(
    rows=st.lists(
        st.tuples(st.sampled_from("xyz"), st.sampled_from(["0.1", "0.5", ""]),
                  st.sampled_from(["1", "7", ""])),
        min_size=1, max_size=6,
    ),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
@settings(max_examples=examples(15), deadline=None)
def test_the_order_of_files_decides_only_between_rows_as_complete(
    rows: list[tuple[str, str, str]], order: random.Random
) -> None:
    with TemporaryDirectory() as folder:
        lines = [f"A,{title},{energy},{key}" for title, energy, key in rows]
        shuffled = order.sample(lines, len(lines))
        known = []
        for name, files in (("one", lines), ("other", shuffled)):
            (Path(folder) / name).mkdir()
            texts = {f"f{n:02}": f"artist,title,energy,key\n{row}\n" for n, row in enumerate(files)}
            source = CatalogueSource(catalogues(Path(folder) / name, **texts))
            found = look_up(source, *(("A", title) for title in "xyz")).sort("song_id")
            count = pl.sum_horizontal(pl.col("energy", "key").is_not_null())
            known.append(found.select("song_id", count).rows())
        assert known[0] == known[1]


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
