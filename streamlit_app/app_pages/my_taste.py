"""My taste: what a listener plays, when, how it sounds, and what comes of it."""

from collections.abc import Mapping

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Answer
from recsys_dagster.recommend.history import History
from streamlit_app.parts import frame, habits, radar, saving, taste
from streamlit_app.parts.serving import Answering, Serving
from streamlit_app.parts.whose import Taste, choose
from streamlit_app.parts.words import plain, shorten

LEAD = "What somebody plays, when, how it sounds, and what else would suit."
NAMES = ("This taste", "The catalogue")
RESULTS = 20


def favourites(recommender: Answering, history: History) -> None:
    """Draw the most played artists and songs."""
    left, right = st.columns(2, gap="medium")
    best = taste.artists(recommender, history)
    with left:
        st.header("Artists", anchor=False)
        st.echarts_chart(
            taste.bars(best), height=40 + 36 * len(best), alt=taste.describe_bars(best),
            renderer="svg", key="artists",
        )  # fmt: skip
    with right:
        st.header("Songs", anchor=False)
        rows = taste.songs(recommender, history)
        st.dataframe(rows, hide_index=True, key="songs", alt="The most played songs with plays.")


def when(history: History) -> None:
    """Draw when it was listened, or say that nothing is known of it."""
    st.header("When", anchor=False)
    if history.hours is None:
        st.info(
            "This release does not hold when anybody listened: it was made before releases did. "
            "`recsys run` makes a new one, and publishes it unless it ranks worse.",
            icon=":material/schedule:",
        )
        return
    if not history.timed:
        st.info(
            "Nothing in this history says when it was played, so there is nothing to draw.",
            icon=":material/schedule:",
        )
        return
    words = habits.busiest(history)
    st.echarts_chart(
        habits.week(history), height=270, alt=f"Listens by weekday and hour. {words}",
        renderer="svg", key="week",
    )  # fmt: skip
    st.caption(words)
    alt = habits.describe_months(history)
    st.echarts_chart(habits.months(history), height=220, alt=alt, renderer="svg", key="months")


def sound(recommender: Answering, history: History) -> None:
    """Draw the audio profile against the catalogue's."""
    st.header("Sound", anchor=False)
    mine, all_songs = (radar.profile([one]) for one in taste.sound(recommender, history))
    axes = [name for name in radar.AXES if name in mine and name in all_songs]
    if len(axes) < radar.FEWEST_AXES:
        st.info("Too little is known of how these songs sound.", icon=":material/hearing_disabled:")
        return
    whose = "the mean of all that was played and of the catalogue"
    st.echarts_chart(
        radar.spec(axes, mine, all_songs, NAMES), height=380,
        alt=radar.describe(axes, mine, all_songs, whose), renderer="svg", key="sound",
    )  # fmt: skip
    st.caption("Songs count as often as they were played. Tempo runs from 60 to 200 BPM.")


def ask(recommender: Answering, chosen: Taste) -> Answer:
    """Recommendations from the whole history."""
    if chosen.user is not None:
        return recommender.recommend(user=chosen.user, n=RESULTS)
    history = chosen.history
    plays: Mapping[int, float] = dict(
        zip(history.songs.tolist(), history.plays.tolist(), strict=True)
    )
    return recommender.recommend(history=plays, n=RESULTS)


def recommendations(recommender: Answering, chosen: Taste) -> None:
    """Draw what the whole history recommends."""
    st.header("New songs for this taste", anchor=False)
    try:
        answer = ask(recommender, chosen)
    except RecsysError as error:
        st.warning(plain(str(error)), icon=":material/warning:")
        return
    if not answer.recommendations:
        st.info("Nothing is left to recommend: every song was played.", icon=":material/done_all:")
        return
    st.dataframe(
        taste.recommended(recommender, answer),
        hide_index=True,
        column_config={
            "Match": st.column_config.ProgressColumn(format="%d%%", min_value=0, max_value=100),
        },
        key="recommended",
        alt="Recommended songs, best first, with the played song that speaks most for each.",
    )
    saving.save_button(answer, f"For {shorten(chosen.name, 40)}")


def forgotten(recommender: Answering, history: History) -> None:
    """List songs that were played often once; nothing where no time is known."""
    if not history.timed:
        return
    st.header("Long not played", anchor=False)
    rows = taste.long_ago(recommender, history)
    if not rows:
        st.caption("No song was played five times or more and then left for half a year.")
        return
    st.caption("Played five times or more, and not in the last half year of this history.")
    st.dataframe(rows, hide_index=True, key="forgotten", alt="Songs played often once, with when.")


def show(serving: Serving, chosen: Taste) -> None:
    """Draw all of a taste."""
    history = chosen.history
    if not len(history.songs):
        st.info("This listener has not played anything yet.", icon=":material/music_off:")
        return
    with st.container(horizontal=True, gap="small", key="figures"):
        for name, value in taste.figures(history).items():
            st.metric(name, value, width=165)
    recommendations(serving.recommender, chosen)
    favourites(serving.recommender, history)
    when(history)
    sound(serving.recommender, history)
    forgotten(serving.recommender, history)


with frame.page("My taste", LEAD) as open_now:
    found = choose(open_now)
    if found is not None:
        show(open_now, found)
