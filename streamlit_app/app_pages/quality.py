"""Quality: how good the recommendations are, measured, in plain words."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from recsys_dagster.evaluation.protocol import age_in_words
from streamlit_app.parts import (
    ablations,
    card,
    comparing,
    coverage,
    figures,
    frame,
    measuring,
    method_bars,
    picks,
    tasks,
    training_curve,
)
from streamlit_app.parts.words import count, plain

LEAD = (
    "Some listening is held back, every method has to guess it, and this is how often it is right."
)
MEANINGS = {
    "NDCG@10": "Are the right songs among the first ten, and near the top? 1 is perfect, 0 none.",
    "Recall@10": "Of the songs held back that fit into ten, what share is among the first ten?",
    "Precision@10": "Of the ten recommended songs, what share had been held back?",
}


def meanings() -> None:
    """Explain the metrics."""
    grid = st.grid(3, min_column_width=260, border=True, gap="xsmall", key="meanings")
    for name, words in MEANINGS.items():
        with grid.cell():
            st.markdown(f"**{name}**")
            st.caption(words)


def comparison(evaluation: Mapping[str, Any]) -> None:
    """Draw the methods by NDCG@10 with their intervals, and the whole table."""
    methods, intervals = evaluation.get("methods", {}), evaluation.get("intervals")
    st.header("Methods compared", anchor=False)
    spec = method_bars.bars(methods, intervals)
    if spec is None:
        st.info("NDCG@10 could not be measured for any method.", icon=":material/info:")
    else:
        st.markdown("**NDCG@10**, best first; the pale bars are baselines")
        alt = method_bars.describe_bars(methods, intervals)
        st.echarts_chart(spec, height=60 + 40 * len(methods), alt=alt, renderer="svg", key="bars")
        for words in figures.explain_intervals(evaluation):
            st.caption(words)
    shape = {
        heading: st.column_config.NumberColumn(format="%.3f", help=figures.help_for(heading))
        for heading in figures.columns().values()
    }
    st.dataframe(
        figures.table(methods),
        hide_index=True,
        column_config={"Method": st.column_config.TextColumn(pinned=True), **shape},
        placeholder="–",
        key="metrics",
        alt="Every method with all figures: how often it is right, how new and how varied.",
    )


def by_task(evaluation: Mapping[str, Any]) -> None:
    """Draw NDCG@10 of every method in each task; nothing for a release that has only one."""
    measured = tasks.measured(evaluation)
    if not measured:
        return
    st.header("By task", anchor=False)
    st.caption(tasks.LEAD)
    alt = tasks.describe(measured)
    st.echarts_chart(
        tasks.dots(measured), height=120 + 48 * len(measured), alt=alt, renderer="svg", key="tasks"
    )
    shape = {name: st.column_config.NumberColumn(format="%.3f") for name in tasks.methods(measured)}
    st.dataframe(
        tasks.table(measured),
        hide_index=True,
        column_config={"Task": st.column_config.TextColumn(pinned=True), **shape},
        placeholder="–",
        key="task_rows",
        alt=alt,
    )
    for words in tasks.explain(measured):
        st.caption(plain(words, longest=tasks.LONGEST))


def by_part(evaluation: Mapping[str, Any]) -> None:
    """Draw what the hybrid loses without each of its parts; nothing for an older release."""
    found = ablations.parts(evaluation)
    if not found:
        return
    st.header("What each part brings", anchor=False)
    st.caption(ablations.LEAD)
    st.echarts_chart(
        ablations.bars(found), height=60 + 40 * len(found), alt=ablations.describe(found),
        renderer="svg", key="ablations",
    )  # fmt: skip
    st.caption(ablations.explain(found))
    if checked := ablations.check(evaluation):
        st.caption(checked)


def training(facts: Mapping[str, Any]) -> None:
    """Draw the training curve."""
    st.header("How the SVD model learned", anchor=False)
    spec = training_curve.curve(facts)
    if spec is None:
        st.info("This release holds no training curve.", icon=":material/info:")
        return
    st.caption(training_curve.explain_curve(facts))
    st.echarts_chart(
        spec, height=340, alt=training_curve.describe_curve(facts), renderer="svg", key="curve"
    )


def sound(facts: Mapping[str, Any]) -> None:
    """Show of how many songs the sound is known, from where, and why not of the others."""
    st.header("Audio features", anchor=False)
    spec = coverage.bar(facts)
    if spec is None:
        st.info("This release does not say where audio features came from.", icon=":material/info:")
        return
    share = facts.get("share_of_plays_with_features")
    heard = f" They are {float(share):.0%} of all plays." if share is not None else ""
    known = count(int(facts.get("songs_with_features", 0)), "song")
    st.caption(f"The sound of {known} is known.{heard} The others are recommended by taste alone.")
    st.echarts_chart(spec, height=120, alt=coverage.describe(facts), renderer="svg", key="coverage")
    st.dataframe(
        coverage.rows(facts),
        hide_index=True,
        column_config={"Share": st.column_config.NumberColumn(format="percent")},
        key="coverage_rows",
        alt=coverage.describe(facts),
    )


def protocol(facts: Mapping[str, Any], release: Mapping[str, Any]) -> None:
    """Say how it was measured, and how much is new since."""
    st.header("How it was measured", anchor=False)
    st.markdown(measuring.explain(facts))
    st.caption(measuring.in_short(facts))
    if since := age_in_words(release):
        st.caption(since)


with frame.page("Quality", LEAD) as open_now:
    evaluation = open_now.evaluation
    meanings()
    for words in figures.caveats(evaluation):
        st.info(words, icon=":material/balance:")
    comparison(evaluation)
    by_task(evaluation)
    by_part(evaluation)
    comparing.show(open_now, picks.load(open_now.recommender))
    sound(open_now.figures)
    training(evaluation.get("training", {}))
    protocol(evaluation.get("protocol", {}), open_now.figures)
    card.show(open_now.card)
