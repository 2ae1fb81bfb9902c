"""Computes features by the queries that say what a declaration means: the oracle of builds."""

import pandas as pd

from features.catalog.population import Population
from features.engines.sql.feature_queries import prepare_features
from features.language.catalog import Catalog
from features.log.log import Log


def query_features(
    log: Log, cutoff: int, catalog: Catalog, population: Population = "buyers"
) -> pd.DataFrame:
    """Query the features of the population at a cutoff: `customer_id` and the features."""
    with prepare_features(log, cutoff, catalog, population) as query:
        return log.connection.execute(f"{query} ORDER BY customer_id").df()
