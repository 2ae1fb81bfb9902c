"""Makes small histories of one customer, row by row, and computes features of them."""

from typing import Any

import numpy as np

from features.arrays import History
from features.catalog.dictionary import make_catalog
from features.contract.tables import TABLES_BY_NAME
from features.engines.plan import FeaturePlan
from features.history.layout import HISTORY_TABLES, TEXT_COLUMNS
from features.language.scope import Lookups, Scope
from features.language.vocabulary import Vocabulary
from features.windows import DAY

CUTOFF_DAY = 20_000  # 2024-10-04, a Friday
CUTOFF = CUTOFF_DAY * DAY + DAY // 2
ALL_COLUMNS = {table.name: [c.name for c in table.columns] for table in TABLES_BY_NAME.values()}

Row = dict[str, Any]


def ago(days: float) -> int:
    """Return the instant so many days before the cutoff."""
    return int(CUTOFF - days * DAY)


def make_history(**tables: list[Row]) -> History:
    """Make a history; a row says by `ago` how many days before the cutoff it happened.

    What a row does not name is missing, and a row is known when it happened.
    """
    return {name: _table(name, rows) for name, rows in tables.items()}


def _table(name: str, rows: list[Row]) -> dict[str, np.ndarray]:
    declared, filled = HISTORY_TABLES[name], []
    for row in rows:
        instant = ago(row["ago"])
        days = {"local_day": CUTOFF_DAY - row["ago"]}
        filled.append({declared.happened: instant, "known_at": instant} | days | row)
    filled.sort(key=lambda row: row[declared.happened])
    return {
        column: np.array(
            [row.get(column) for row in filled], object if column in TEXT_COLUMNS else float
        )
        for column in declared.columns
    }


def compute(
    history: History, *names: str, lookups: Lookups | None = None, **vocabulary: Any
) -> dict[str, Any]:
    """Compute some features of a history at the cutoff, in a shop that gives every column."""
    catalog = make_catalog(Vocabulary(**{"tables": ALL_COLUMNS} | vocabulary)).select(names)
    tables = {"orders": _table("orders", [])} | dict(history)
    scope = Scope(CUTOFF, CUTOFF_DAY, lookups or Lookups(0))
    values = FeaturePlan(catalog).compute([tables], scope)
    return {name: values[name][0] for name in names}
