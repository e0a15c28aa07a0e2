"""The app's entry: `streamlit run streamlit_app/app.py`. Navigation and the sign-in only."""

from pathlib import Path

import streamlit as st

from streamlit_app.parts import login

st.set_page_config(
    page_title="Recsys",
    page_icon=Path(__file__).with_name("icon.svg"),
    layout="wide",
    menu_items={"About": "Music recommendations from your own listening history."},
)
chosen = st.navigation(
    [
        st.Page("app_pages/discover.py", title="Discover", icon=":material/explore:", default=True),
        st.Page("app_pages/my_taste.py", title="My taste", icon=":material/headphones:"),
        st.Page("app_pages/song_map.py", title="Song map", icon=":material/map:"),
        st.Page("app_pages/quality.py", title="Quality", icon=":material/monitoring:"),
        st.Page("app_pages/pipeline.py", title="Pipeline", icon=":material/account_tree:"),
    ],
    position="top",
)
login.require()  # before any page runs
chosen.run()
