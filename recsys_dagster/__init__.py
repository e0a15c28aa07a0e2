"""A hybrid music recommender that you run on your own listening history."""
