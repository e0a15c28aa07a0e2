"""The settings of the small models that `fitting_job.py` fits; needs no pyspark."""

from recsys_dagster.models.svd.als_config import ExplicitConfig, ImplicitConfig

IMPLICIT = ImplicitConfig(factors=4, iterations=2, blocks=2, play_exponent=0.5)
EXPLICIT = ExplicitConfig(factors=3, iterations=2, blocks=2, regularisation=0.1, bias_rounds=1)
