"""Taking a list along: as a file, as text, and as an address."""

from collections.abc import Sequence
from functools import partial

import streamlit as st

from recsys_dagster.recommend.answer import Recommendation
from recsys_dagster.recommend.exporting import FORMATS

FILES = {
    "csv": ("CSV", "For a spreadsheet."),
    "m3u": ("M3U", "A playlist of links."),
    "jspf": ("JSPF", "A playlist for ListenBrainz and other services."),
}


def show(songs: Sequence[Recommendation]) -> None:
    """Draw what a list can be taken along as."""
    with st.popover("Take it along", icon=":material/ios_share:", key="take"):
        with st.container(horizontal=True, gap="xsmall"):
            for name, (label, explained) in FILES.items():
                st.download_button(
                    label,
                    partial(FORMATS[name].write, songs),
                    file_name=f"recommended.{name}",
                    mime=FORMATS[name].mime,
                    icon=":material/download:",
                    help=explained,
                    key=f"save-{name}",
                    on_click="ignore",
                )
        st.caption("As text to copy")
        st.code(FORMATS["text"].write(songs), language=None, height=200, wrap_lines=True)
        st.caption(
            "To share it, copy the address of this page: it holds your songs, what is left out "
            "and all settings."
        )
