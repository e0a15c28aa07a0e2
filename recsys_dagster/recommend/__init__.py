"""The recommender: candidates, ranking, explanations, the public `Recommender`."""
