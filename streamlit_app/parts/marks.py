"""How the methods are told apart in every chart that has several: by place, colour and form.

The colours are those of `chartCategoricalColors` in `.streamlit/config.toml`, light and dark: each
method has the one at its place in `ORDER`. They differ for colour-blind readers too, and the form
says it once more.
"""

from collections.abc import Iterable

SYMBOLS = {
    "hybrid": "circle",
    "svd": "triangle",
    "items": "rect",
    "knn": "diamond",
    "artist": "path://M-5 -4H5L0 5Z",
    "seed": "path://M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
    "popular": "path://M-5 -3L-3 -5L0 -2L3 -5L5 -3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z",
    "random": "path://M-5 -2H5V2H-5Z",
}
"""By method, in the order of their colours; what is only a baseline is a sign: +, × or −."""
ORDER = tuple(SYMBOLS)


def in_order(methods: Iterable[str]) -> list[str]:
    """Every method with a colour of its own, then those of given ones that came later."""
    return [*ORDER, *(method for method in methods if method not in SYMBOLS)]


def symbol(method: str) -> str:
    """The form of a method's marks."""
    return SYMBOLS.get(method, "pin")
