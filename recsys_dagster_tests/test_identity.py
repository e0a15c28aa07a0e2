import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsys_dagster.identity import (
    SEPARATOR,
    artist_key,
    artist_key_of,
    fold,
    folded_text,
    key_of,
    song_key,
    title_key,
    title_key_of,
)
from recsys_dagster_tests.tiers import examples

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VISIBLE = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1)
# What real titles are put together from.
PIECES = st.lists(
    st.sampled_from(
        ["song", "Ö", "(feat. X)", "ft. Y", "feat Z", "-", "(Live)", "Remix", "[1999 Remaster]",
         "Remastered 2009", "/", "(", ")", "]", "2011", "ft", "´", "\u2019", "\u200b", "DJ"]
    ),
    min_size=1, max_size=6,
).map(" ".join)  # fmt: skip

# A title as real ones are: a name, and at most one note of each kind.
REAL = st.tuples(
    st.sampled_from(
        ["song", "Öl\u2010Öl", "1999", "Don\u00b4t", "Feat", "12\u2033", "50 Ft Queenie"]
    ),
    st.permutations(
        [
            st.sampled_from(
                ["", "(feat. X)", "[ft Y (of Z)]", "feat. X", "- feat. X & Y", "(X Remix)"]
            ),
            st.sampled_from(["", "- Live", "(Live)", "- Radio Edit", "[DJ Remix]"]),
            st.sampled_from(["", "- Remastered 2009", "(1999 Remaster)", "/ Remastered"]),
        ]
    ).flatmap(lambda notes: st.tuples(*notes)),
).map(lambda parts: " ".join([parts[0], *parts[1]]))


def titles(*spelled: str) -> list[str]:
    return pl.DataFrame({"title": spelled}).select(title_key(pl.col("title"))).to_series().to_list()


def artists(*spelled: str) -> list[str]:
    table = pl.DataFrame({"artist": spelled})
    return table.select(artist_key(pl.col("artist"))).to_series().to_list()


@pytest.mark.parametrize(
    "spelled",
    [
        "Don't Stop\u2010Me",
        "don\u2019t stop-me",
        "DON\u00b4T STOP\u2011ME",
        "Don\u2018t  Stop\u2013Me",
        " Don\uff07t\u00a0Stop\uff0dMe ",
        "\uff24\uff4f\uff4e\uff07\uff54 Stop\u2014Me",
        "Don\u2032t Sto\u200bp\u2212Me\ufeff",
        "Don`t\tStop-Me",
    ],
)
def test_look_alikes_and_case_and_spacing_are_one_song(spelled: str) -> None:
    assert titles(spelled) == ["don't stop-me"]


def test_composed_and_decomposed_accents_are_one_song() -> None:
    assert len(set(titles("Caf\u00e9", "Cafe\u0301", "CAFE\u0301", "Cafe\u200b\u0301"))) == 1
    assert titles("Cafe") != titles("Caf\u00e9")


@pytest.mark.slow
@pytest.mark.parametrize(
    "guest",
    [
        "feat. X", "Feat. X & Y", "feat.X", "ft. X", "Ft X", "FEAT X", "featuring X", "(feat. X)",
        "[feat. X]", "(ft. X & Y)", "[Featuring X]", "(feat. X (of Y))", "(feat. X [of Y])",
        "(feat.X)", "- feat. X", "- Featuring X",
    ],
)  # fmt: skip
def test_guests_are_no_part_of_a_song(guest: str) -> None:
    assert titles(f"Song {guest}") == ["song"]
    assert artists(f"Artist {guest}") == ["artist"]
    assert titles(f"Song {guest} (Live)") == ["song (live)"]
    assert titles(f"Song {guest} - Live") == ["song - live"]
    assert titles(f"Song (Live) {guest}") == ["song (live)"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "note",
    [
        "- Remastered 2009", "- Remastered", "- 2009 Remaster", "- 2009 Remastered Version",
        "- 2011 - Remaster", "- Digitally Remastered", "- 2009 Digital Remaster", "/ Remastered",
        "(2009 Remaster)", "(Remastered)", "(Remastered 2009)", "(Remastered in 2009)",
        "[1999 Remastered Version]", "(Re-mastered)", "[2009 - Remaster]", "; Remastered",
        "- 50th Anniversary Remaster", "– Remastered 2009", "- Remastered 2009 Version",
        "- Remastered - Remastered 2009",
    ],
)  # fmt: skip
def test_remaster_notes_are_no_part_of_a_song(note: str) -> None:
    assert titles(f"Song {note}") == ["song"]
    assert titles(f"Song (feat. X) {note}") == ["song"]


def test_a_live_remaster_stays_live() -> None:
    assert titles("Song - Live / Remastered 2009") == titles("Song - Live") == ["song - live"]
    assert titles("Song (2009 Remaster) [Live]") == ["song [live]"]


@pytest.mark.parametrize(
    "version",
    [
        "- Live", "(Live)", "[Live at Leeds]", "- DJ X Remix", "(Remix)", "- Radio Edit",
        "(Acoustic)", "- Acoustic Version", "(Instrumental)", "(Extended Mix)", "- Demo",
        "- 2009 Version", "(Taylor's Version)", "(feat. X Remix)", "feat. X Remix",
        "ft. X live", "(Live feat. X)", "- feat. X / DJ Y Remix", "Pt. 2", "(Original Mix)",
    ],
)  # fmt: skip
def test_another_recording_is_another_song(version: str) -> None:
    assert titles(f"Song {version}") != ["song"]


@pytest.mark.parametrize(
    "title",
    [
        "Remastered", "(Remastered)", "(feat. X)", "feat. X", "40 ft", "My Brilliant Feat",
        "50 Ft Queenie", "1999", "True", "None", "NA", "Remaster 2009", "Live", "Feat", "Ft.",
        "Featuring", "Left Defeat", "Raft House", "2009 Remaster",
    ],
)  # fmt: skip
def test_what_looks_like_a_note_and_is_the_title_survives(title: str) -> None:
    assert titles(title) == [title.lower()]


def test_a_title_is_stripped_of_nothing_but_spaces() -> None:
    assert titles(" 7 ") == ["7"]
    assert key_of(" Prince ", "1999") == f"prince{SEPARATOR}1999"


@pytest.mark.slow
@settings(deadline=None)
@given(ANY_TEXT, ANY_TEXT)
def test_a_single_key_is_the_columns_key(artist: str, title: str) -> None:
    table = pl.DataFrame({"artist": ["a", artist, "b"], "title": ["x", title, "y"]})
    keys = table.select(song_key(pl.col("artist"), pl.col("title"))).to_series()
    assert key_of(artist, title) == keys[1]
    assert keys[0] == f"a{SEPARATOR}x"


@settings(deadline=None)
@given(st.one_of(ANY_TEXT, PIECES, st.text("\u200b\ufeff\u00ad -\u2014", min_size=1)))
def test_no_part_is_empty_where_there_is_text(text: str) -> None:
    if text.strip():
        assert titles(text)[0].strip()
        assert artists(text)[0].strip()


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(REAL)
def test_keys_of_keys_are_the_same_where_titles_are_like_real_ones(text: str) -> None:
    """Not for all text: taking one note away can leave what reads as another ("a ft. b - ft c")."""
    once = titles(text)[0]
    assert titles(once) == [once]


@pytest.mark.slow
@settings(max_examples=examples(150))
@given(ANY_TEXT.map(lambda text: text.replace("f", "g").replace("F", "g")))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Without an f there is no guest."""
    once = artists(text)[0]
    assert artists(once) == [once]
    assert artists(f"  {text}x\t\u200b") == artists(f"{text}x")


@pytest.mark.slow
@settings(max_examples=examples(50))
@given(st.tuples(VISIBLE, VISIBLE), st.tuples(VISIBLE, VISIBLE))
def test_different_artists_never_merge(one: tuple[str, str], other: tuple[str, str]) -> None:
    """A key is its two parts and nothing else: no title can make up for another artist."""
    same = artists(one[0]) == artists(other[0]) and titles(one[1]) == titles(other[1])
    assert (key_of(*one) == key_of(*other)) == same
    assert key_of(*one).split(SEPARATOR) == [*artists(one[0]), *titles(one[1])]


def test_titles_of_nothing_visible_stay_apart() -> None:
    assert titles("\u200b") != titles("\u2060")
    assert titles("\u200b")[0]


def test_a_dash_cannot_move_the_border_between_artist_and_title() -> None:
    assert key_of("a — b", "c") != key_of("a", "b — c")


def test_a_search_text_is_folded_without_accents() -> None:
    assert fold(" Björk\u2019s  CAFÉ ") == "bjork's cafe"


NAMES = st.text(alphabet="aB \t`'-([fetmaser.)]2éΩ\u2010", max_size=20) | st.text(max_size=12)


@pytest.mark.slow
@settings(deadline=None)
@given(artist=NAMES, title=NAMES)
def test_a_single_name_has_the_key_of_a_column_and_plain_ones_do_without_a_table(
    artist: str, title: str
) -> None:
    row = pl.DataFrame({"artist": [artist], "title": [title]})
    keys = row.select(
        artist=artist_key(pl.col("artist")), title=title_key(pl.col("title")),
        both=song_key(pl.col("artist"), pl.col("title")), folded=folded_text(pl.col("title")),
    )  # fmt: skip
    single = (artist_key_of(artist), title_key_of(title), key_of(artist, title), fold(title))
    assert keys.row(0) == single
