"""The model card of a release, folded away under a few plain words."""

import re

import streamlit as st

LEAD = (
    "All that one must know to judge or repeat this: the data with its size and hash, versions, "
    "settings, every figure, and what may be concluded from it."
)
_HEADING = re.compile(r"^(#+) ", re.MULTILINE)


def show(card: str | None) -> None:
    """Draw the model card, or say that the release has none."""
    st.header("Model card", anchor=False)
    if card is None:
        st.caption(
            "This release was made before releases held their model card. `recsys run` makes a "
            "new one, and publishes it unless it ranks worse."
        )
        return
    st.caption(LEAD)
    with st.expander("Read the model card", icon=":material/description:", key="card"):
        st.markdown(below(card))
    st.download_button(
        "Model card as Markdown", card, file_name="model_card.md", mime="text/markdown",
        icon=":material/download:", key="card-file", on_click="ignore",
    )  # fmt: skip


def below(card: str) -> str:
    """A card as a part of a page: without its title, and its headings under that of the section."""
    _, _, text = card.partition("\n")
    return _HEADING.sub(r"\1# ", text).strip()
