"""The jobs."""

import dagster as dg

from recsys_dagster.defs.audio import spotify_audio_features
from recsys_dagster.defs.fetching import lastfm_history, listenbrainz_history
from recsys_dagster.defs.listening import listens, unique_songs, user_song_interactions

EVERYTHING = "everything"
_FETCHING = dg.AssetSelection.assets(lastfm_history, listenbrainz_history)

everything = dg.define_asset_job(
    EVERYTHING,
    selection=dg.AssetSelection.all().materializable()
    - dg.AssetSelection.assets(spotify_audio_features)
    - _FETCHING,
    description=(
        "The main job: from the listening histories to a release. What is done already is not "
        "done again; batches of audio features that are pending are finished."
    ),
)

take_in = dg.define_asset_job(
    "take_in",
    selection=dg.AssetSelection.assets(listens, user_song_interactions, unique_songs),
    description=(
        "Reads what is new in raw/history, and counts listens and songs; cheap. The sensor "
        "enough_is_new sees when that is worth a refresh of the models."
    ),
)

fetch_histories = dg.define_asset_job(
    "fetch_histories",
    selection=_FETCHING,
    description=(
        "Fetches what is new on Last.fm and ListenBrainz for the users that the settings name. "
        "What comes is files in raw/history; the sensor new_raw_files sees them."
    ),
)
