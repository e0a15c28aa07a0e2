"""Which songs a text names or begins to name."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

NAMED, BEGUN, NEITHER = 0, 1, 2

_KEPT = 8


class Beginnings:
    """Tells songs whose artist or title is a text, or begins with it.

    The first eight bytes of artist and title are kept as numbers, so that few songs of a million
    are left to compare letter by letter.

    Parameters
    ----------
    texts
        Artist, a space and title of each song.
    titles
        Title of each song.
    """

    def __init__(self, texts: pl.Series, titles: pl.Series) -> None:
        self._texts, self._titles = texts, titles
        self._keys = [_key(texts), _key(titles)]

    def levels(self, text: str, songs: NDArray[np.integer[Any]]) -> NDArray[np.uint16]:
        """`NAMED`, `BEGUN` or `NEITHER` for some of the songs, (n,)."""
        key, mask = _key_of(text)
        levels = np.full(len(songs), NEITHER, np.uint16)
        likely = np.flatnonzero(
            np.logical_or.reduce([keys[songs] & mask == key for keys in self._keys])
        )
        names, titles = (one.gather(songs[likely]) for one in (self._texts, self._titles))
        artist = names.str.len_bytes().cast(pl.Int64) - titles.str.len_bytes().cast(pl.Int64) - 1
        begins = names.str.starts_with(text)
        named = (titles == text) | (begins & (artist == len(text.encode())))
        begun = begins | titles.str.starts_with(text)
        levels[likely[begun.to_numpy()]] = BEGUN
        levels[likely[named.to_numpy()]] = NAMED
        return levels


def _key(texts: pl.Series) -> NDArray[np.uint64]:
    """The first eight bytes of each text as a number, (n,); what is missing is zero."""
    padded = pl.concat_str("text", pl.lit("\0" * _KEPT)).cast(pl.Binary).bin.head(_KEPT)
    number = padded.bin.reinterpret(dtype=pl.UInt64, endianness="big")
    return pl.DataFrame({"text": texts}).select(number).to_series().to_numpy()


def _key_of(text: str) -> tuple[np.uint64, np.uint64]:
    """The number that texts that begin so have, and the bits in which they have it."""
    start = text.encode()[:_KEPT]
    missing = _KEPT - len(start)
    number = int.from_bytes(start + b"\0" * missing)
    return np.uint64(number), np.uint64((2**64 - 1) >> (8 * missing) << (8 * missing))
