"""The stages that grow with the listens: they run on either engine."""

from collections.abc import Callable, Mapping

from recsys_dagster.engines.base import ComputeEngine
from recsys_dagster.stages.base import Made
from recsys_dagster.stages.factorising import make_svd
from recsys_dagster.stages.listening import make_interactions, make_listens, make_songs
from recsys_dagster.stages.quality import make_evaluation
from recsys_dagster.stages.recommendations import make_recommendations
from recsys_dagster.workshop import Workshop

CLUSTERED: Mapping[str, Callable[[Workshop, ComputeEngine], Made]] = {
    "listens": make_listens,
    "user_song_interactions": make_interactions,
    "unique_songs": make_songs,
    "svd_model": make_svd,
    "evaluation": make_evaluation,
    "user_recommendations": make_recommendations,
}
