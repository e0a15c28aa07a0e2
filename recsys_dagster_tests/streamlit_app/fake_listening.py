"""What a stand-in recommender says where a page asks for no listener: nothing."""

from collections.abc import Sequence

from recsys_dagster.recommend.answer import Song
from recsys_dagster.recommend.history import History
from recsys_dagster.recommend.placing import Places
from recsys_dagster.recommend.taste import Favourite


class WithoutListeners:
    users: Sequence[str] = ()
    places: Places | None = None

    def look_up(self, song_ids: Sequence[int]) -> list[Song]:
        raise NotImplementedError

    def history(self, user: str) -> History:
        raise NotImplementedError

    def favourites(self, history: History, n: int) -> list[Favourite]:
        raise NotImplementedError

    def mean_audio(
        self, song_ids: Sequence[int], plays: Sequence[int] | None = None
    ) -> dict[str, float | None]:
        raise NotImplementedError

    def catalogue_audio(self) -> dict[str, float | None]:
        raise NotImplementedError
