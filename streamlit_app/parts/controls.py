"""How to recommend: the method, and how many."""

from collections.abc import Sequence

import streamlit as st

from streamlit_app.parts.words import method

FEWEST, MOST, USUAL = 5, 50, 10


def method_and_number(methods: Sequence[str]) -> tuple[str, int]:
    """Ask for a method and a number of songs; both are kept in the address."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        chosen = st.segmented_control(
            "Method",
            list(methods),
            default=methods[0],
            required=True,
            format_func=lambda name: method(name).label,
            key="method",
            bind="query-params",
        )
        name = str(chosen or methods[0])
        st.caption(method(name).explained)
    with right:
        number = st.slider("How many songs", FEWEST, MOST, USUAL, key="n", bind="query-params")
    return name, int(number)
