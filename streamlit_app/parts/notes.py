"""What has to be said about the address, once a visit."""

import streamlit as st

from streamlit_app.parts.controls import misread
from streamlit_app.parts.picks import NOTE
from streamlit_app.parts.words import enumerate_words, plain

_STATE = "address-read"


def on_address() -> None:
    """Say which settings of the address cannot be, before the first page takes them out of it."""
    if _STATE in st.session_state:
        return
    st.session_state[_STATE] = True
    if wrong := misread(st.query_params.to_dict()):
        named = enumerate_words([plain(name) for name in wrong])
        st.info(f"Not understood in the address and left out: {named}.", icon=NOTE)
