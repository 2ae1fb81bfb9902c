"""Computes the features of a catalog from customers' histories, as the service does per request."""

from collections.abc import Sequence
from pathlib import Path

from features.arrays import Array, Floats, History
from features.engines.generated.compiled.code_supply import CodeSupply
from features.engines.generated.engine import GeneratedPlan, ListedColumns
from features.history.flat_columns import FlatColumns, Flattener
from features.language.catalog import Catalog
from features.language.scope import Scope

COMPILED_FOLDER = "compiled"  # in the shop's workspace


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

    Its functions are interpreted at first, and compiled when many customers have been computed.

    Parameters
    ----------
    catalog : Catalog
        The features to compute.
    code_folder : Path or None
        Where compiled functions are kept; without it they stay interpreted.
    """

    def __init__(self, catalog: Catalog, code_folder: Path | None = None) -> None:
        self._plan = GeneratedPlan(catalog)
        self._flattener = Flattener(self._plan.tables, self._plan.words)
        self._supply = None if code_folder is None else CodeSupply(self._plan, code_folder)

    def compute(self, customers: Sequence[History], scope: Scope) -> dict[str, Array]:
        """Compute all features of some customers at a cutoff, as `compute_features` does."""
        columns = self._flattener.flatten(customers)
        if self._supply is not None:
            self._supply.count(len(customers))
        return self._plan.compute(columns, scope)

    @property
    def words(self) -> list[str]:
        """Texts that flat columns must have a code of."""
        return self._plan.words

    def expect(self, customers: int, times: int = 1) -> None:
        """Wait until the functions are compiled, if that pays for customers computed so often."""
        if self._supply is not None:
            self._supply.expect(customers, times)

    def compute_numbers(self, columns: FlatColumns, scope: Scope) -> tuple[Floats, ListedColumns]:
        """Compute all features of customers whose rows are flat columns.

        Parameters
        ----------
        columns : FlatColumns
            With `words` among their words.
        scope : Scope
            The cutoff and the population's lookups.

        Returns
        -------
        values, listed
            As `GeneratedPlan.compute_numbers` gives them.
        """
        return self._plan.compute_numbers(columns, scope)

    def close(self) -> None:
        """Stop what compiles the functions, if that is under way."""
        if self._supply is not None:
            self._supply.close()
