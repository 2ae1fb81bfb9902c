"""The features of a catalog over histories: what the service computes when it is asked."""

from collections.abc import Sequence

from features.arrays import Array, History
from features.engines.batch.engine import NumpyPlan
from features.engines.single.engine import RowPlan
from features.history.customer_rows import batch_histories
from features.language.catalog import Catalog
from features.language.scope import Scope


def compute_features(
    catalog: Catalog, customers: Sequence[History], scope: Scope
) -> dict[str, Array]:
    """Compute all features of a catalog at a cutoff.

    Parameters
    ----------
    customers : sequence of tables
        The history of each customer.

    Returns
    -------
    dict of str to array
        One value per customer in the order given: numbers as float64, texts as objects, and
        the rows of a relation that the catalog lists as a list of tuples.
    """
    return Plan(catalog).compute(customers, scope)


class Plan:
    """A catalog prepared for many requests.

    One customer is computed row by row, many together: to the last bit the same.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._alone = RowPlan(catalog)
        self._together = NumpyPlan(catalog)

    def compute(self, customers: Sequence[History], scope: Scope) -> dict[str, Array]:
        """Compute all features; see `compute_features`."""
        if len(customers) == 1:
            return self._alone.compute(customers[0], scope)
        return self._together.compute(batch_histories(customers), scope)
