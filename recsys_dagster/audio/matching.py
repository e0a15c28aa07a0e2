"""When two titles of one artist are the same recording, though they are not spelled alike.

Wrong features are worse than none, so this is careful. What tells recordings apart has to agree:
versions, numbers, subtitles, films, guests. Only spelling may differ: accents, punctuation,
spacing, "&" for "and", "Pt. II" for "Part 2", a leading "The", one slip in a long word. `identity`
comes first; this is for what it leaves over.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from recsys_dagster.audio.matching_words import (
    COMPOSERS,
    FILM,
    GENERIC_TITLES,
    GUEST,
    HARMLESS,
    VAGUE_LIVE,
    VERSIONS,
    WORDS,
)
from recsys_dagster.identity import title_key

SAME_WORDS, SAME_LETTERS, NO_ARTICLE, NO_FILM, SLIP = 0.99, 0.98, 0.97, 0.96, 0.95
"""Highest scores: same words; same but for spaces; a leading "the" or a film's name on one side
only; a slip."""
ENOUGH = 0.88
"""Two titles score at least this, or 0."""
PARTS = ("words", "letters", "kind", "article", "film", "mark", "guest")
"""What of a title is compared; see `add_parts`."""
_SHORTEST, _SLIP_TITLE, _SLIP_WORD = 3, 9, 5
_MANY_WORDS = 4


def title_scores(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """How surely two titles of one artist are the same recording: 0, `ENOUGH` to 0.99, or 1.

    1 is for the same title by `identity`.
    """
    schema = {"title": pl.String, "other": pl.String}
    listed = (
        pl.DataFrame(pairs, schema, orient="row")
        .with_row_index("pair")
        .with_columns(title_key(pl.col(name)).alias(f"{name}_key") for name in schema)
    )
    same = pl.col("title_key") == pl.col("other_key")
    listed = listed.with_columns(pl.when(same).then(1.0).alias("score"))
    unlike = listed.filter(pl.col("score").is_null())
    if unlike.is_empty():
        return listed["score"].to_list()
    parts = [
        add_parts(
            unlike.select(pl.col(name).alias("title"), pl.col(f"{name}_key").alias("title_key"))
        )
        for name in schema
    ]
    both = pl.concat([parts[0], parts[1].select(pl.all().name.suffix("_other"))], how="horizontal")
    scored = unlike.select("pair").with_columns(score_pairs(both)["score"])
    found: list[float] = listed.update(scored, on="pair")["score"].to_list()
    return found


def folded_key(key: pl.Expr) -> pl.Expr:
    """An artist's `artist_key` without what is spelled in several ways: accents, marks, "the".

    Null for a composer: that name says nothing of who plays.
    """
    folded = _plain(key).str.replace(r"^the ", "").str.replace_all(" ", "")
    name = pl.when(folded == "").then(key).otherwise(folded)
    return pl.when(~name.is_in(COMPOSERS)).then(name)


def add_parts(frame: pl.DataFrame) -> pl.DataFrame:
    """Add what of the column `title` is compared.

    Parameters
    ----------
    frame
        Has `title` and its `title_key`, and may have `artist`, which may name the guest.

    Returns
    -------
    The frame with `PARTS`: `words`, null where a title says too little; `letters`, the same
    without spaces; `kind`, the numbers and version words; and what only one side may have: a
    leading `article`, the `film` that the song is from, a closing "!" or "?" as `mark`, the
    first `guest`.
    """
    told = pl.col("title_key").str.replace_all(HARMLESS, "")
    film = pl.col("told").str.extract(f"(?:{FILM})", 0).str.extract("[\"'](.*)[\"']")
    words = _words(pl.col("told").str.replace_all(FILM, ""))
    article = r"^(the|an?) (\S+ \S)"
    guests = [pl.col(name) for name in ("title", "artist") if name in frame.columns]
    guest = pl.coalesce(_plain(text.str.to_lowercase().str.extract(GUEST)) for text in guests)
    numbers = pl.col("words").str.extract_all(r"\d+")
    versions = pl.col("words").str.extract_all(VERSIONS).list.unique().list.sort()
    plain = pl.col("words").str.replace(article, "$2")
    letters = plain.str.replace_all(" ", "")
    says_little = (letters.str.len_chars() < _SHORTEST) | plain.str.contains(VAGUE_LIVE)
    return (
        frame.with_columns(told.alias("told"))
        .with_columns(words.alias("words"), _plain(film).alias("film"), guest.alias("guest"))
        .with_columns(
            pl.col("words").str.extract(article).alias("article"),
            pl.col("told").str.extract(r"([!?])[!?]*\)?$").alias("mark"),
            pl.concat_list(
                numbers.list.eval(pl.element().str.replace("^0+(.)", "$1")), versions
            ).list.join(" ").alias("kind"),
            pl.when(~says_little).then(plain).alias("words"),
            pl.when(~says_little).then(letters).alias("letters"),
        )
        .drop("told")
    )  # fmt: skip


def score_pairs(pairs: pl.DataFrame) -> pl.DataFrame:
    """Score pairs of titles.

    Parameters
    ----------
    pairs
        `PARTS` of one title, and those of the other as `words_other`, ….

    Returns
    -------
    The pairs with `score`, 0 where they are not the same.
    """
    cap = pl.min_horizontal(
        pl.when(_both("words")).then(SAME_WORDS).otherwise(SAME_LETTERS),
        pl.when(~_both("article")).then(NO_ARTICLE),
        pl.when(~_both("film")).then(NO_FILM),
    )
    conflict = (
        (pl.col("kind") != pl.col("kind_other"))
        | pl.any_horizontal(
            pl.col(name) != pl.col(f"{name}_other") for name in ("article", "film", "mark", "guest")
        ).fill_null(value=False)
        | (~_both("guest") & ~pl.col("kind").str.contains("[a-z]"))  # a remix is known by its name
        | (~_both("film") & pl.col("words").is_in(GENERIC_TITLES))
    )
    alike = pl.Series("alike", _likeness(pairs), dtype=pl.Float64)
    return pairs.with_columns(
        pl.when(conflict).then(0.0).otherwise(pl.min_horizontal(alike, cap)).alias("score")
    )


def _both(name: str) -> pl.Expr:
    return pl.col(name).eq_missing(pl.col(f"{name}_other"))


def _likeness(pairs: pl.DataFrame) -> list[float]:
    """1 for the same letters, the similarity of words with a slip, and 0."""
    first, second = (pairs[name].fill_null("").to_list() for name in ("words", "words_other"))
    similar = cpdist(first, second, scorer=OSA.normalized_similarity, dtype=np.float64)
    same = (pairs["letters"] == pairs["letters_other"]).fill_null(value=False).to_numpy()
    alike = np.where(same, 1.0, 0.0)
    for at in np.flatnonzero(~same & (similar >= ENOUGH)):
        if _is_slip(first[at], second[at]):
            alike[at] = min(similar[at], SLIP)
    found: list[float] = alike.tolist()
    return found


def _is_slip(a: str, b: str) -> bool:
    """Whether one long word differs by one letter that is not its first, and no other word does.

    "Dream" and "Dreams", "Living" and "Loving" may be two songs: a plural or a letter for another
    is a slip in a title of many words only.
    """
    first, second = a.split(), b.split()
    odd = [pair for pair in zip(first, second, strict=False) if pair[0] != pair[1]]
    if len(first) != len(second) or len(odd) != 1 or min(len(a), len(b)) < _SLIP_TITLE:
        return False
    one, other = odd[0]
    latin = (one + other).isascii() and (one + other).isalpha()
    many = len(first) >= _MANY_WORDS
    plural = one.rstrip("s") == other.rstrip("s")
    replaced = len(one) == len(other) and sorted(one) != sorted(other)
    long = min(len(one), len(other)) >= _SLIP_WORD - many
    near = one[0] == other[0] and OSA.distance(one, other) == 1
    return latin and long and near and (many or not (plural or replaced))


def _plain(text: pl.Expr) -> pl.Expr:
    """Lower-case letters and digits of any script, and single spaces."""
    return (
        text.str.normalize("NFD")
        .str.replace_all("[\u0300-\u036f]", "")  # only these: other scripts' marks are letters
        .str.normalize("NFC")
        .str.replace_all(r"\s*[&+]\s*", " and ")
        .str.replace_all("['.]", "")
        .str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ")
        .str.strip_chars(" ")
    )


def _words(text: pl.Expr) -> pl.Expr:
    """The plain words of a title, numbers and short forms written in one way."""
    numbered = (
        _plain(text.str.replace_all(r"([a-z]{2,}in)'(\s|$)", "${1}g$2"))
        .str.replace_all(r"\b(part|parts|pt|pts|vol|volume|no|act|chapter|book) i\b", "$1 1")
        .str.replace_all(r"\b(?:no|nr) ?(\d)", "number $1")
    )
    return numbered.str.split(" ").list.eval(pl.element().replace(WORDS)).list.join(" ")
