"""Whose taste is shown: a listener of the data, or a history that is brought for the session."""

from dataclasses import dataclass

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.histories.visiting import MOST_BYTES, Visit, read_visit
from recsys_dagster.recommend.history import History
from streamlit_app.parts.serving import Serving
from streamlit_app.parts.words import count, plain, shorten

LISTENER, UPLOAD = "A listener of the data", "A history of mine"
FEW = 2_000
"""Listeners that a list to choose from may hold."""
_MATCHES = 50
_VISIT, _TROUBLE = "visit", "visit_trouble"
_FILE = "history"
_TYPES = ["csv", "tsv", "txt", "json", "jsonl", "zip"]


@dataclass(frozen=True)
class Taste:
    """A history to show; `user` is `None` for one that was brought."""

    name: str
    history: History
    user: str | None = None


def choose(serving: Serving) -> Taste | None:
    """Let a listener be chosen or a history be brought; `None` while neither is."""
    kinds = [LISTENER, UPLOAD] if serving.recommender.users else [UPLOAD]
    kind = st.segmented_control(
        "Whose taste", kinds, default=kinds[0], required=True, key="whose"
    )  # fmt: skip
    return _listener(serving) if kind == LISTENER else _brought(serving)


def _listener(serving: Serving) -> Taste | None:
    users = _narrowed(list(serving.recommender.users))
    if not users:
        st.info("No listener has a name like that.", icon=":material/person_search:")
        return None
    asked = st.query_params.get("listener", "")
    name = st.selectbox(
        "Listener",
        users,
        index=users.index(asked) if asked in users else 0,
        format_func=shorten,
        key="listener",
        help="Type to search.",
    )
    if asked and asked not in serving.recommender.users:
        st.info(f"This release has no listener {plain(asked, 60)}.", icon=":material/person_off:")
    if not name:
        return None
    if st.query_params.get("listener") != name:
        st.query_params["listener"] = name
    return Taste(name, serving.recommender.history(name), name)


def _narrowed(users: list[str]) -> list[str]:
    """All listeners where they are few, else those whose names have a text in them."""
    if len(users) <= FEW:
        return users
    text = st.text_input(
        f"Search among {count(len(users), 'listener')}", type="search", live=True, max_chars=100,
        key="listener-search",
    )  # fmt: skip
    wanted = (text or "").strip().casefold()
    return [user for user in users if wanted in user.casefold()][:_MATCHES]


def _brought(serving: Serving) -> Taste | None:
    file = st.file_uploader(
        "Your history: a Last.fm CSV, a Spotify or ListenBrainz export; a zip as it came will do",
        type=_TYPES,
        max_upload_size=MOST_BYTES >> 20,
        key=_FILE,
        on_change=_forget,
    )
    st.caption(
        "It is read here, on the machine that runs this app, for this visit alone: no file of it "
        "is kept, and nobody else sees it. Close the page and it is gone."
    )
    if file is not None and not {_VISIT, _TROUBLE} & st.session_state.keys():
        with st.spinner("Reading your history…"):
            _take(serving, file.name, file.getvalue())
    if trouble := st.session_state.get(_TROUBLE):
        st.warning(plain(trouble, 600), icon=":material/warning:")
    visit: Visit | None = st.session_state.get(_VISIT)
    if visit is None:
        return None
    _notes(visit)
    if not len(visit.history.songs):
        st.info("The catalogue has none of these songs.", icon=":material/music_off:")
        return None
    return Taste(visit.listener, visit.history)


def _forget() -> None:
    """Drop what was brought before; taking a file away does no more than that."""
    st.session_state.pop(_VISIT, None)
    st.session_state.pop(_TROUBLE, None)


def _take(serving: Serving, name: str, content: bytes) -> None:
    if serving.catalogue is None:
        return
    try:
        st.session_state[_VISIT] = read_visit(name, content, serving.catalogue)
    except RecsysError as error:
        st.session_state[_TROUBLE] = str(error)


def _notes(visit: Visit) -> None:
    known = len(visit.history.songs)
    said = (
        f"**{plain(visit.listener, 60)}**: {count(visit.listens, 'listen')} of "
        f"{count(visit.songs, 'song')}; the catalogue has {known:,} of them."
    )
    if visit.others:
        said += (
            f" The file holds {count(visit.others, 'more listener')}; this is the one with most "
            "listens."
        )
    st.markdown(said)
    if not visit.unmatched and not visit.remarks:
        return
    with st.expander("What was left out", icon=":material/rule:"):
        for remark in visit.remarks:
            st.caption(plain(remark, 400))
        if visit.unmatched:
            st.caption(f"Not in the catalogue: {count(visit.songs - known, 'song')}, such as")
            st.dataframe(
                [
                    {"Title": shorten(title), "Artist": shorten(artist), "Plays": plays}
                    for artist, title, plays in visit.unmatched
                ],
                hide_index=True,
                key="unmatched",
                alt="The most played songs that the catalogue does not have.",
            )
