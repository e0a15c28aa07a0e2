"""Files of Exportify, in the layouts that its two sites have written."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from recsys_dagster.audio.catalogue import read_catalogue
from recsys_dagster.audio.catalogue_titles import LANGUAGES
from recsys_dagster.audio.features import FEATURES
from recsys_dagster.errors import RecsysError
from recsys_dagster.identity import key_of
from recsys_dagster.importing import import_paths
from recsys_dagster.storage.layout import Layout

ID = "0123456789abcdefABCDEF"
URI = f"spotify:track:{ID}"
ANALYSED = "0.5,0.6,3,-7,1,0.04,0.1,0,0.2,0.7,120.5,4"
SOUND = (
    "Danceability,Energy,Key,Loudness,Mode,Speechiness,Acousticness,Instrumentalness,Liveness,"
    "Valence,Tempo,Time Signature"
)
NET = (
    "Track URI,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),Popularity,"
    f"Explicit,Added By,Added At,Genres,Record Label,{SOUND}"
)
OLD = (
    "Spotify ID,Artist IDs,Track Name,Album Name,Artist Name(s),Release Date,Duration (ms),"
    f"Popularity,Added By,Added At,Genres,{SOUND}"
)
APP = (
    "Track URI,Track Name,Artist URI(s),Artist Name(s),Album URI,Album Name,Track Duration (ms),"
    f"Explicit,ISRC,Added At,{SOUND}"
)


def net(uri: str = URI, title: str = "x", artists: str = "A", sound: str = ANALYSED) -> str:
    front = f'{uri},"{title}","undefined","{artists}",2020-01-01,200000,9,false,u,2024-01-01'
    return f'{front},"pop,rock",L,{sound}' if sound else f'{front},"pop",L'


def write(folder: Path, header: str, rows: Sequence[str], bom: bool = True) -> Path:
    path = folder / "list.csv"
    text = "\n".join([header, *rows]) + "\n"
    path.write_text(text, encoding="utf-8-sig" if bom else "utf-8")
    return path


def test_exportify_net(tmp_path: Path) -> None:
    rows = [
        net(artists="Tyler, The B;C"),
        net(title="short", sound=""),
        net(title="empty", sound="," * 11),
        net(title="undefined", sound=",".join(["undefined"] * 12)),
        net("spotify:local:A:B:y:123", title="local"),
    ]
    catalogue = read_catalogue(write(tmp_path, NET, rows))
    assert (catalogue.rows, catalogue.songs, catalogue.refused) == (5, 2, 0)
    assert catalogue.left_out == {"no features": 3}
    table = catalogue.table.select("song_key", "spotify_id", "rank", "tempo", "duration_ms")
    assert table.rows() == [
        (key_of("Tyler, The B;C", "x"), ID, 0, 120.5, 200_000.0),
        (key_of("A", "local"), None, 0, 120.5, 200_000.0),
        (key_of("Tyler, The B", "x"), ID, 1, 120.5, 200_000.0),
    ]


def test_a_short_line_of_any_other_catalogue_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path, "artist,title,energy,valence", ["A,x,0.5,0.5", "A,y"])
    assert read_catalogue(path).left_out == {"an incomplete line": 1}


def test_exportify_net_in_its_older_layout(tmp_path: Path) -> None:
    row = f'{ID},"i,j",x,album,"Tyler, The B,C",2020-01-01,200000,9,u,2024-01-01,"pop",{ANALYSED}'
    table = read_catalogue(write(tmp_path, OLD, [row], bom=False)).table
    keys = [key_of("Tyler, The B,C", "x"), key_of("Tyler, The B", "x")]
    assert table["song_key"].to_list() == keys
    assert table["spotify_id"].to_list() == [ID, ID]


def test_exportify_app_marks_commas_within_names(tmp_path: Path) -> None:
    row = f'{URI},x,"u, v","Tyler\\, The B, C",a,album,200000,false,ISRC,2024-01-01,{ANALYSED}'
    table = read_catalogue(write(tmp_path, APP, [row])).table
    keys = [key_of("Tyler, The B, C", "x"), key_of("Tyler, The B", "x")]
    assert table["song_key"].to_list() == keys


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_exportify_app_in_other_languages(language: str, tmp_path: Path) -> None:
    titles = LANGUAGES[language]
    assert len(set(titles.values())) == len(titles)
    named = [titles[name.lower().replace(" ", "_")] for name in SOUND.split(",")]
    front = [titles[name] for name in ("spotify_id", "title", "artist_ids", "artist")]
    header = [*front, titles["duration_ms"], "ISRC", *named]
    row = f'{URI},x,"u, v","A\\, B, C",200000,I,{ANALYSED}'
    path = write(tmp_path, ",".join(f'"{title.title()}"' for title in header), [row])
    first, second = read_catalogue(path).table.rows(named=True)
    assert (first["song_key"], second["song_key"]) == (key_of("A, B, C", "x"), key_of("A, B", "x"))
    assert first["spotify_id"] == ID
    wanted = dict(zip(SOUND.lower().replace(" ", "_").split(","), ANALYSED.split(","), strict=True))
    assert {name: first[name] for name in FEATURES} == {
        **{name: float(value) for name, value in wanted.items()},
        "duration_ms": 200_000.0,
    }


def test_without_features_it_is_told_how_to_get_them(tmp_path: Path) -> None:
    header = "Track URI,Track Name,Artist URI(s),Artist Name(s),Track Duration (ms)"
    with pytest.raises(RecsysError, match=r"choose 'Include audio features data'"):
        read_catalogue(write(tmp_path, header, [f"{URI},x,u,A,200000"]))


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_where_no_comma_separates(separator: str, tmp_path: Path) -> None:
    lines = ["artist;title;energy;loudness;tempo", "A;x, y;0,53;-7,5;120.25"]
    path = write(tmp_path, lines[0].replace(";", separator), [lines[1].replace(";", separator)])
    row = read_catalogue(path).table.row(0, named=True)
    assert (row["energy"], row["loudness"], row["tempo"]) == (0.53, -7.5, 120.25)


def test_a_comma_in_a_field_of_a_comma_file_is_no_decimal_comma(tmp_path: Path) -> None:
    path = write(tmp_path, "artist,title,energy", ['A,x,"0,53"'])
    assert read_catalogue(path).refused == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("Track URI", URI, ID),
        ("track_id", ID, ID),
        ("url", f"https://open.spotify.com/track/{ID}?si=1", None),
        ("uri", f"https://open.spotify.com/intl-de/track/{ID}?si=1", ID),
        ("id", "17", None),
        ("id", ID + "x", None),
        ("uri", f"spotify:episode:{ID}", None),
    ],
)
def test_spotify_ids_are_known_by_their_shape(
    column: str, value: str, expected: str | None, tmp_path: Path
) -> None:
    path = write(tmp_path, f"{column},artist,title,energy", [f"{value},A,x,0.5"])
    assert read_catalogue(path).table["spotify_id"].to_list() == [expected]


@pytest.mark.parametrize(("header", "row"), [(NET, net())])
def test_it_is_imported_as_features(header: str, row: str, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    report = import_paths([write(tmp_path, header, [row])], layout)
    assert [one.kind for one in report.imported] == ["features"]
