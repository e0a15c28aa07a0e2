"""Lists of songs saved as playlists of a visitor's own, on Spotify."""
