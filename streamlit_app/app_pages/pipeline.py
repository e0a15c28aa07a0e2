"""Pipeline: what is made when, what is pending, and the releases; it reads only."""

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.overview import Overview, read_overview
from recsys_dagster.settings import load_settings
from streamlit_app.parts import coverage, frame, stages
from streamlit_app.parts.words import count, plain

LEAD = "What has been made of the listening histories, when, and what is still to be done."


@st.cache_data(ttl=20, max_entries=4, show_spinner="Looking through the data folder…")
def overview(data_dir: str) -> Overview:  # noqa: ARG001 - what is kept is of that folder
    """What is on disk; looked at again after 20 seconds."""
    return read_overview(load_settings())


def made(found: Overview) -> None:
    """List the stages."""
    st.header("Stages", anchor=False)
    st.markdown(stages.in_short(found))
    rows = stages.stage_rows(found.stages)
    if rows:
        st.dataframe(rows, hide_index=True, height="content", key="stages",
                     alt=stages.describe(found))  # fmt: skip


def sound(found: Overview) -> None:
    """Show how many songs have audio features, by source, and what is pending."""
    st.header("Audio features", anchor=False)
    st.markdown(stages.pending(found))
    spec = coverage.bar(found.coverage)
    if spec is None:
        st.caption("There are no songs yet.")
        return
    alt = coverage.describe(found.coverage)
    st.echarts_chart(spec, height=120, alt=alt, renderer="svg", key="coverage")
    st.dataframe(
        coverage.rows(found.coverage),
        hide_index=True,
        column_config={"Share": st.column_config.NumberColumn(format="percent")},
        key="coverage_rows",
        alt=alt,
    )


def releases(found: Overview) -> None:
    """List the releases."""
    st.header("Releases", anchor=False)
    if not found.releases:
        st.caption("Nothing has been released yet.")
        return
    st.markdown(
        f"{count(len(found.releases), 'release')}, newest first. Go back to an earlier one with "
        "`recsys releases rollback ID`."
    )
    st.dataframe(
        stages.release_rows(found.releases),
        hide_index=True,
        column_config={
            **{name: st.column_config.NumberColumn(format="localized") for name in stages.COUNTS},
            "NDCG@10": st.column_config.NumberColumn(
                format="%.3f", help="Of the hybrid, when the release was made."
            ),
            "Made from": st.column_config.TextColumn(
                help="Tells the listens it was made from: the same listens have the same."
            ),
        },
        placeholder="–",
        key="releases",
        alt="Every release with its age and figures.",
    )


with frame.column("Pipeline", LEAD):
    try:
        settings = load_settings()
        now = overview(str(settings.data_dir))
    except RecsysError as error:
        st.warning(plain(str(error), 600), icon=":material/warning:")
    else:
        st.link_button(
            "Open the pipeline UI", settings.pipeline_url, icon=":material/open_in_new:",
            key="pipeline-ui", help="It runs while `recsys up` does.",
        )  # fmt: skip
        for trouble in now.troubles:
            st.warning(plain(trouble, 600), icon=":material/warning:")
        made(now)
        sound(now)
        releases(now)
