"""Discover: pick one to five songs, get songs that go with them, and see why."""

from streamlit_app.parts import frame, listing, named, notes, picks, songs

with frame.page("Discover", "Pick up to five songs. Get more like them, and see why.") as open_now:
    notes.on_address()
    mine = picks.load(open_now.recommender)
    if named.load(open_now.recommender):
        mine = picks.load(open_now.recommender)
    songs.chips(mine)
    named.show_unknown()
    songs.finder(open_now)
    if mine:
        listing.show(open_now, mine)
