"""A table whose rows are still as they came, readable by SQL and not yet checked."""

from dataclasses import dataclass

from features.contract.tables import Table


@dataclass(frozen=True)
class RawTable:
    """A view of unchecked rows in DuckDB, with the columns named as in the contract.

    Attributes
    ----------
    table : Table
        The table of the contract that the rows are meant for.
    view : str
        Name of the view or table in DuckDB that a SELECT reads the rows from.
    types : dict of str to str
        DuckDB type of each column of the view, by name.
    """

    table: Table
    view: str
    types: dict[str, str]
