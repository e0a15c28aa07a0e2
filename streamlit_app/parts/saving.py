"""Saving a list as a playlist on Spotify: a button, and the way back from the sign-in."""

import time
from collections.abc import Sequence
from datetime import date

import streamlit as st

from recsys_dagster.errors import RecsysError
from recsys_dagster.playlists.saving import begin, finish, is_on
from recsys_dagster.playlists.wishes import LIFETIME, Wishes
from recsys_dagster.recommend.answer import Answer, Recommendation
from recsys_dagster.settings import load_settings
from recsys_dagster.spotify_ids import is_spotify_id
from streamlit_app.parts.words import count, enumerate_words, plain, shorten

_BEGUN, _TOLD = "saving", "saving_told"
_BROUGHT = ("code", "state", "error")
_NAMED = 5
_COOKIE = "_streamlit_xsrf"
_WISHES = Wishes()
"""What visitors who went to sign in want to save, for all sessions of this process."""


def save_button(answer: Answer, name: str = "") -> None:
    """Offer to save the songs of an answer; nothing where no client id is set.

    `name` is what the playlist is called; by default after the day.
    """
    press_to_save(answer, name)
    on_the_way(answer)


def press_to_save(answer: Answer, name: str = "") -> None:
    """Draw the button alone, for a row of buttons; `on_the_way` draws what comes of it."""
    if not answer.recommendations or not is_on(load_settings()):
        return
    known = _known(answer)
    pressed = st.button(
        "Save as Spotify playlist",
        icon=":material/playlist_add:",
        key="save-spotify",
        disabled=not known,
        help=None if known else "None of these songs is known on Spotify.",
    )
    if pressed:
        _begin(known, name or f"Recommended {date.today():%d %b %Y}")


def on_the_way(answer: Answer) -> None:
    """Draw the way to the sign-in, where saving just this list was begun."""
    begun, known = st.session_state.get(_BEGUN), _known(answer)
    if begun and begun["ids"] == known and time.monotonic() < begun["until"]:
        _leave(begun["address"], answer.recommendations, len(known))


def _known(answer: Answer) -> tuple[str, ...]:
    """The Spotify ids of an answer's songs."""
    ids = (song.spotify_id for song in answer.recommendations)
    return tuple(one for one in ids if one and is_spotify_id(one))


def _begin(ids: Sequence[str], name: str) -> None:
    back = st.query_params.to_dict()
    try:
        address = begin(_WISHES, load_settings(), name, ids, _browser(), back)
    except RecsysError as error:
        st.warning(plain(str(error), 400), icon=":material/warning:")
        return
    until = time.monotonic() + LIFETIME
    st.session_state[_BEGUN] = {"ids": tuple(ids), "address": address, "until": until}


def _leave(address: str, songs: Sequence[Recommendation], known: int) -> None:
    """Say what will be saved and what will not, and let the visitor go to sign in."""
    with st.container(border=True, key="save-begun"):
        said = f"{count(known, 'song')} will be in a private playlist of yours."
        left = [song for song in songs if not is_spotify_id(song.spotify_id)]
        if left:
            names = [shorten(f"{song.title} – {song.artist}", 60) for song in left[:_NAMED]]
            names += [f"{len(left) - _NAMED} more"] if len(left) > _NAMED else []
            said += f" Not known on Spotify, and left out: {enumerate_words(names)}."
        st.caption(plain(said, 800))
        st.link_button(
            "Sign in at Spotify and save", address, icon=":material/open_in_new:",
            key="save-go",
        )  # fmt: skip
        st.caption("You come back here when it is saved. This app keeps no access to your account.")


def come_back() -> None:
    """Finish what a visitor left to sign in for; what the sign-in brought leaves the address."""
    brought = {name: st.query_params.get(name, "") for name in _BROUGHT}
    if brought["state"] and (brought["code"] or brought["error"]):
        for name in _BROUGHT:
            st.query_params.pop(name, None)
        st.session_state[_TOLD] = _finish(brought)
    told = st.session_state.get(_TOLD)
    if told:
        _tell(*told)


def _finish(brought: dict[str, str]) -> tuple[str, str | None]:
    """What came of it in words, and the address of the playlist."""
    try:
        with st.spinner("Saving the playlist…"):
            saved = finish(_WISHES, load_settings(), brought, _browser())
    except RecsysError as error:
        return str(error), None
    for name, value in saved.back.items():
        if name not in _BROUGHT:
            st.query_params[name] = value
    return f"Saved: {count(saved.songs, 'song')} in the playlist {saved.name}.", saved.address


def _tell(words: str, address: str | None) -> None:
    box = st.success if address else st.warning
    with st.container(horizontal=True, vertical_alignment="center", key="saved"):
        box(plain(words, 500), icon=":material/playlist_add_check:", width="stretch")
        if address:
            st.link_button("Open it on Spotify", address, icon=":material/open_in_new:")
        st.button("Close", key="saved-close", type="tertiary", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(_TOLD, None)


def _browser() -> str | None:
    """What tells this browser from others, where it has been given such a thing."""
    return unmasked(st.context.cookies.get(_COOKIE))


def unmasked(cookie: str | None) -> str | None:
    """The token in Streamlit's XSRF cookie, which looks different on every page; or `None`.

    It is written as `2|mask|token XOR mask|time`, in hexadecimal digits.
    """
    try:
        _, mask, masked, _ = str(cookie).split("|")
        key, token = bytes.fromhex(mask), bytes.fromhex(masked)
    except ValueError:
        return None
    return bytes(one ^ key[at % len(key)] for at, one in enumerate(token)).hex() if key else None
