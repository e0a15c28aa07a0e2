"""Covers of songs, made of nothing but their names: none is looked up anywhere."""

from base64 import b64encode
from hashlib import blake2b

from streamlit_app.parts.words import plain, shorten

SMALL, LARGE = 48, 56
_LONGEST = 60


def picture(artist: str, title: str, size: int, *, described: bool = False) -> str:
    """A song's cover as Markdown, with words for those who do not see it where it is `described`.

    `st.image` would add a button for the full screen to each.
    """
    words = plain(f"A made-up cover for {shorten(title, _LONGEST)}") if described else ""
    data = b64encode(cover(artist, title, size).encode()).decode()
    return f"![{words}](data:image/svg+xml;base64,{data})"


def cover(artist: str, title: str, size: int) -> str:
    """A picture as SVG: the colours are the artist's, what is drawn is the song's."""
    first, second, *_ = _numbers(artist)
    turn, shape, height, width = _numbers(f"{artist}\n{title}")
    hue, other = first * 360 // 256, (first * 360 // 256 + 40 + second * 80 // 256) % 360
    drawn = (_rings, _waves, _bars)[shape % 3](20 + height // 8, 10 + width // 16)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size}" height="{size}" '
        'viewBox="0 0 96 96"><defs><linearGradient id="g" '
        f'gradientTransform="rotate({turn * 90 // 256} .5 .5)">'
        f'<stop offset="0" stop-color="hsl({hue} 55% 48%)"/>'
        f'<stop offset="1" stop-color="hsl({other} 60% 32%)"/></linearGradient></defs>'
        f'<rect width="96" height="96" rx="10" fill="url(#g)"/>'
        f'<g fill="none" stroke="#fff" stroke-opacity=".55" stroke-width="4" '
        f'stroke-linecap="round">{drawn}</g></svg>'
    )


def _numbers(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=4).digest()


def _rings(place: int, step: int) -> str:
    radii = range(8, 60, step)
    return "".join(f'<circle cx="{place}" cy="{96 - place}" r="{radius}"/>' for radius in radii)


def _waves(height: int, step: int) -> str:
    starts = range(24, 90, step)
    return "".join(f'<path d="M10 {y}q19 -{height} 38 0t38 0"/>' for y in starts)


def _bars(height: int, step: int) -> str:
    places = range(14, 90, step)
    lengths = [(height * (3 * place + height)) % 50 + 12 for place in places]
    return "".join(
        f'<path d="M{x} {48 - length // 2}v{length}"/>'
        for x, length in zip(places, lengths, strict=True)
    )
