"""Computes the features of a catalog from customers' histories, as the service does per request."""

from collections.abc import Sequence

from features.arrays import Array, History
from features.engines.generated.engine import GeneratedPlan
from features.history.flat_columns import flatten_histories
from features.language.catalog import Catalog
from features.language.scope import Scope


def compute_features(
    catalog: Catalog, customers: Sequence[History], scope: Scope
) -> dict[str, Array]:
    """Compute all features of a catalog for some customers at a cutoff.

    For many requests of one catalog prepare a `FeaturePlan` instead.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.
    customers : sequence of History
        The history of each customer: name of a table -> name of a column -> array.
    scope : Scope
        The cutoff and the population's lookups.

    Returns
    -------
    dict of str to array
        Name of a feature -> array `(n customers,)` in the order given: numbers as float64,
        texts as objects. A relation that the catalog lists has an array of lists of tuples.
    """
    return FeaturePlan(catalog).compute(customers, scope)


class FeaturePlan:
    """Computes the features of one catalog for many requests, prepared once.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._plan = GeneratedPlan(catalog)

    def compute(self, customers: Sequence[History], scope: Scope) -> dict[str, Array]:
        """Compute all features of some customers at a cutoff, as `compute_features` does."""
        columns = flatten_histories(customers, self._plan.columns, self._plan.words)
        return self._plan.compute(columns, scope)
