"""What several methods make of one's own songs, side by side."""

from collections import Counter
from collections.abc import Mapping, Sequence

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.recommend.answer import Recommendation, Song
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import count, enumerate_words, method, plain, shorten

FEWEST, MOST, SONGS = 2, 4, 10
USUAL = ("hybrid", "svd", "knn")
_LONGEST = 60
Lists = Mapping[str, Sequence[Recommendation] | str]
"""By method: the songs, or why there are none."""


@st.fragment
def show(serving: Serving, picked: Sequence[Song]) -> None:
    """Let two to four methods be chosen, and draw the first ten songs of each."""
    st.header("Compare methods on your own songs", anchor=False)
    if not picked:
        st.caption("Pick a song or more on Discover, and see here what each method makes of them.")
        st.page_link("app_pages/discover.py", label="Pick songs", icon=":material/explore:")
        return
    names = [shorten(f"{song.title} – {song.artist}", _LONGEST) for song in picked]
    st.caption(f"Your songs: {plain(enumerate_words(names), 400)}")
    chosen = st.multiselect(
        "Methods, two to four",
        serving.methods,
        default=[name for name in USUAL if name in serving.methods],
        format_func=lambda name: method(name).label,
        max_selections=MOST,
        key="compare",
    )
    if len(chosen) < FEWEST:
        st.caption("Choose at least two methods.")
        return
    lists = ask(serving, [song.song_id for song in picked], chosen[:MOST])
    st.caption(in_short(lists))
    grid = st.grid(len(lists), min_column_width=230, border=True, gap="xsmall", key="compared")
    times = listed(lists)
    for name, found in lists.items():
        with grid.cell():
            st.subheader(method(name).label, anchor=False)
            st.caption(method(name).explained)
            st.markdown(plain(found) if isinstance(found, str) else as_markdown(found, times))


def ask(serving: Serving, seeds: Sequence[int], methods: Sequence[str]) -> Lists:
    """The first songs of each method; a method that cannot answer says why."""
    lists: dict[str, Sequence[Recommendation] | str] = {}
    for name in methods:
        try:
            answer = serving.recommender.recommend(seeds, method=name, n=SONGS)
        except RecsysError as error:
            lists[name] = str(error)
        else:
            lists[name] = answer.recommendations or "Nothing to recommend."
    return lists


def listed(lists: Lists) -> Counter[int]:
    """In how many lists each song stands."""
    known = (found for found in lists.values() if not isinstance(found, str))
    return Counter(song.song_id for found in known for song in found)


def in_short(lists: Lists) -> str:
    """Say how much the lists have in common."""
    times = listed(lists)
    shared = sum(each > 1 for each in times.values())
    if not shared:
        return "No song stands in more than one list."
    verb = "stands" if shared == 1 else "stand"
    return f"{count(shared, 'song')} of {len(times)} {verb} in more than one list, and are marked."


def as_markdown(songs: Sequence[Recommendation], times: Mapping[int, int]) -> str:
    """One list in one piece; what others have too is marked with the number of lists."""
    return "\n".join(
        f"{song.rank}. **{plain(song.title, _LONGEST)}** {_mark(times[song.song_id])}  \n"
        f"   {plain(song.artist, _LONGEST)}"
        for song in songs
    )


def _mark(times: int) -> str:
    return f":violet-badge[:material/join_inner: in {times} lists]" if times > 1 else ""
