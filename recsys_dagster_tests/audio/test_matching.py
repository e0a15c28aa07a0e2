"""Made-up pairs that show which titles of one artist are one recording, and which are not."""

import polars as pl
import pytest

from recsys_dagster.audio.matching import (
    ENOUGH,
    folded_key,
    title_scores,
)
from recsys_dagster.identity import artist_key


def title_score(a: str, b: str) -> float:
    """The score of a single pair."""
    return title_scores([(a, b)])[0]


SAME = [
    ("Cafe Lune", "Café Lune"),
    ("Dont Blink", "Don't Blink"),
    ("Salt & Smoke", "Salt And Smoke"),
    ("Salt 'n' Smoke", "Salt & Smoke"),
    ("Rollin' Home", "Rolling Home"),
    ("Mr. Harbour", "Mr Harbour"),
    ("Stop, Look, Listen", "Stop Look Listen"),
    ("Stop,Look,Listen", "Stop, Look, Listen"),
    ("Sun Light", "Sunlight"),
    ("Good-bye", "Goodbye"),
    ("Anthem, Pt. 2", "Anthem (Part II)"),
    ("Anthem Part One", "Anthem, Pt. 1"),
    ("Songbook, Vol. 3", "Songbook Volume Three"),
    ("Etude No. 4", "Etude no 4"),
    ("U.S.A. Nights", "USA Nights"),
    ("Who Knows?", "Who Knows"),
    ("Run!", "Run"),
    ("Harbour (Club Remix)", "Harbour - Club Remix"),
    ("Harbour [Radio Edit]", "Harbour - Radio Edit"),
    ("Harbour (feat. Ann) [Kite Remix]", "Harbour - Kite Remix"),
    ("Harbour (Live at the Dome, 1999)", "Harbour - Live At The Dome, 1999"),
    ("Harbour - Album Version", "Harbour"),
    ("Harbour (LP Version)", "Harbour"),
    ("Harbour - Mono", "Harbour"),
    ("Harbour (Bonus Track)", "Harbour"),
    ("Harbour [Explicit]", "Harbour"),
    ("Harbour (Official Video)", "Harbour"),
    ("Harbour [www.tunes.com]", "Harbour"),
    ('Tum Kahan (From "Lake 2")', "Tum Kahan"),
    ('Tum Kahan - From "Lake" Soundtrack', "Tum Kahan"),
    ('Tum Kahan (From "Lake")', "Tum Kahan - From “Lake”"),
    ("Harbour - From 'Night Boats' Original Soundtrack", "Harbour"),
    ("The Quiet Harbour", "Quiet Harbour"),
    ("A House With No Door", "House With No Door"),
    ("Whispering Harbour", "Wispering Harbour"),
    ("Where the Lights Go Down", "Where the Light Go Down"),
    ("Ёлка зимой", "Елка зимой"),
]
OTHER = [
    ("Harbour", "Harbour - Live at the Dome"),
    ("Harbour (Live)", "Harbour - Live"),
    ("Harbour", "Harbour (Remix)"),
    ("Harbour (Kite Remix)", "Harbour (Lark Remix)"),
    ("Harbour (Kite Remix)", "Harbour (Kite Edit)"),
    ("Harbour - Radio Edit", "Harbour"),
    ("Harbour - Radio Edit", "Harbour - Extended Edit"),
    ("Harbour (Acoustic)", "Harbour"),
    ("Harbour (Instrumental)", "Harbour"),
    ("Harbour (Demo)", "Harbour"),
    ("Harbour (Karaoke Version)", "Harbour"),
    ("Harbour - Single Version", "Harbour"),
    ("Harbour - Original Mix", "Harbour"),
    ("Harbour (Intro)", "Harbour"),
    ("Harbour (Reprise)", "Harbour"),
    ("Harbour (The Long Road Home)", "Harbour"),
    ("Harbour - 2021 Mix", "Harbour"),
    ("Anthem, Pt. 1", "Anthem, Pt. 2"),
    ("Anthem I", "Anthem II"),
    ("Anthem", "Anthem 2"),
    ("1959", "1969"),
    ("Track 01", "Track 02"),
    ("One Harbour", "Two Harbours"),
    ("No One", "Number One"),
    ("Lost?", "Lost!"),
    ("Dream", "Dreams"),
    ("Lover", "Lever"),
    ("Living Harbours", "Loving Harbours"),
    ("Live Your Days", "Love Your Days"),
    ("Calling Home", "Falling Home"),
    ("My Boyfriend Said", "My Girlfriend Said"),
    ("Harbour", "Harbor Lights"),
    ("Up", "Up!"),
    ("The Stranger", "Stranger"),
    ("A Quiet Harbour", "The Quiet Harbour"),
    ('Tum Kahan (From "Lake")', 'Tum Kahan (From "Sea")'),
    ('Theme (From "Lake")', "Theme"),
    ("Harbour (feat. Ann)", "Harbour!"),
    ("Harbour (feat. Ann)", "Harbour! (feat. Bo)"),
    ("Harbour (with Ann)", "Harbour"),
    ("ハナ", "バナ"),
    ("!!!", "???"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), SAME)
def test_only_spelled_otherwise(a: str, b: str) -> None:
    assert title_score(a, b) == title_score(b, a) >= ENOUGH
    assert title_score(a, b) < 1


@pytest.mark.slow
@pytest.mark.parametrize(("a", "b"), OTHER)
def test_another_recording(a: str, b: str) -> None:
    assert title_score(a, b) == title_score(b, a) == 0


def test_a_surer_match_scores_higher() -> None:
    scores = [
        title_score("The Quiet Harbour", other)
        for other in (
            "The Quiet Harbour!", "The Quiet Har-bour", "Quiet Harbour",
            'The Quiet Harbour (From "Lake")', "The Quiet Harbor",
        )
    ]  # fmt: skip
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.slow
def test_a_batch_scores_as_its_single_pairs() -> None:
    pairs = [*SAME, *OTHER, ("Harbour", "harbour (feat. Ann) - Remastered 2009")]
    assert title_scores(pairs) == [title_score(*pair) for pair in pairs]
    assert title_scores(pairs)[-1] == 1
    assert title_scores([]) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("The Quays", "Quays", True),
        ("Léa & the Bo", "Lea and The Bo", True),
        ("Q*U*A*Y", "Q.U.A.Y.", True),
        ("Quay", "Quays", False),
        ("!!!", "???", False),
        ("Johann Sebastian Bach", "Johann Sebastian Bach", False),
    ],
)
def test_artists_are_compared_without_marks_and_composers_not_at_all(
    a: str, b: str, same: bool
) -> None:
    first, second = (
        pl.select(folded_key(artist_key(pl.lit(name)))).to_series().item() for name in (a, b)
    )  # fmt: skip
    assert (first is not None and first == second) is same
