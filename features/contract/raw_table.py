"""A table whose rows are still as they came, readable by SQL and not yet checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from features.contract.tables import Table
from features.contract.value_format import PLAIN, ValueFormat


@dataclass(frozen=True)
class RawColumn:
    """A column whose values are still as they came.

    Attributes
    ----------
    name : str
        Its name in the table that is read.
    type : str
        DuckDB's type of it.
    format : ValueFormat
        How its values are written.
    """

    name: str
    type: str
    format: ValueFormat = PLAIN


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
    formats : mapping of str to ValueFormat
        How the values of a column are written, where the shop declares it.
    can_declare : bool
        Whether it can: the values of posted rows are written in the contract's way.
    """

    table: Table
    view: str
    types: dict[str, str]
    formats: Mapping[str, ValueFormat] = field(default_factory=dict)
    can_declare: bool = True

    def __getitem__(self, name: str) -> RawColumn:
        """Return a column of the view by its name in the contract."""
        return RawColumn(name, self.types[name], self.formats.get(name, PLAIN))
