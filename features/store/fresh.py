"""Reads the history as of now: a build of the store, with the rows posted since it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import Array, History, TableColumns, object_array
from features.contract.row_keys import statement_key
from features.contract.tables import TABLES_BY_NAME
from features.contract.tables import Table as Contract
from features.history.layout import (
    HISTORY_COLUMNS,
    HISTORY_TABLES,
    PRODUCT_COLUMNS,
    ROW_KEY,
    TEXT_COLUMNS,
)
from features.ledgers.journal import Journal, JournalRow
from features.shop.shop import Shop
from features.store.products import Product
from features.store.protocol import HistoryStore, StoreInfo
from features.windows import local_day

MergedRow = dict[str, Any]


class FreshStore:
    """Reads one build of the store together with the rows of the journal posted after it.

    A row that is in both is read once.

    Parameters
    ----------
    shop : Shop
        The settings of nextbuy.toml.
    store : HistoryStore
        The build.
    journal : Journal
        The posted rows.
    """

    def __init__(self, shop: Shop, store: HistoryStore, journal: Journal) -> None:
        self._shop = shop
        self._store = store
        self._journal = journal

    @property
    def info(self) -> StoreInfo:
        """The description of the build."""
        return self._store.info

    @property
    def data_cutoff(self) -> int:
        """Last instant (microseconds UTC) up to which an absent row means that nothing happened.

        It is the build's, or the last receipt of a posted row where the shop posts everything
        (`[journal] complete`).
        """
        cutoff = self.info.data_cutoff
        if not self._shop.journal.complete:
            return cutoff
        return max(cutoff, self._journal.last_received_at() or cutoff)

    def read(self, customer_ids: Sequence[str]) -> dict[str, History]:
        """Read the histories of some customers; those that neither source knows are left out.

        Returns
        -------
        dict of str to History
            Customer -> table of the layout -> column -> array of the customer's rows.
        """
        histories = self._store.read(customer_ids)
        posted = self._journal.read(customer_ids, self.info.journal_seq)
        products = self._products_of(row for rows in posted.values() for row in rows)
        for customer_id, rows in posted.items():
            stored = histories.get(customer_id, {})
            histories[customer_id] = self._merge(stored, rows, products)
        return histories

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the attributes of some products from the build; products cannot be posted."""
        return self._store.read_products(product_ids)

    def customer_ids(self) -> list[str]:
        """List the ids of all customers of store and journal, sorted."""
        posted = self._journal.customer_ids(self.info.journal_seq)
        return sorted({*self._store.customer_ids(), *posted})

    def close(self) -> None:
        """Close the build and the journal."""
        self._store.close()
        self._journal.close()

    def _products_of(self, rows: Iterable[JournalRow]) -> dict[str, Product]:
        named = {row.body["product_id"] for row in rows if "product_id" in row.body}
        return self._store.read_products(sorted(named)) if named else {}

    def _merge(
        self, tables: History, rows: Sequence[JournalRow], products: Mapping[str, Product]
    ) -> History:
        merged = dict(tables)
        for name, declared in HISTORY_TABLES.items():
            posted = [row for row in rows if row.table == declared.contract]
            if posted and name not in _BY_THE_NEXT_BUILD:
                added = [part for row in posted for part in self._parts(name, row)]
                if "product_id" in HISTORY_COLUMNS[name]:
                    added = [row | products.get(row.get("product_id", ""), {}) for row in added]
                if name == "lines":
                    _copy_orders(added, merged.get("orders"))
                if added:
                    merged[name] = merge_table(name, merged.get(name), added)
        return merged

    def _parts(self, name: str, row: JournalRow) -> Iterable[MergedRow]:
        """Convert a posted row into rows of a table of the layout."""
        values = row.typed_values()
        if name == "reachability":
            return _statements(values)
        if name == "attributes":
            return _attributes(values, self.info.vocabulary.attributes)
        if name == "profile":
            return [self._profile(values)]
        if "local_day" in HISTORY_COLUMNS[name] and name != "lines":
            happened = int(row.body[HISTORY_TABLES[name].happened])
            values["local_day"] = local_day(happened, self._shop.timezone)
        return [values]

    def _profile(self, values: MergedRow) -> MergedRow:
        """Keep the columns that may become features, which are those of the build's rows."""
        vocabulary = self.info.vocabulary
        kept = {n for n in HISTORY_TABLES["profile"].columns if vocabulary.gives(f"customers.{n}")}
        kept |= {f"{name.removesuffix('_at')}_known_at" for name in kept}
        return {n: v for n, v in values.items() if n in kept | {"known_at", ROW_KEY}}


# Posted identities join accounts from the next build on.
_BY_THE_NEXT_BUILD = ("identities", "links")


def _attributes(values: MergedRow, names: Sequence[str]) -> list[MergedRow]:
    """Convert a row of customers into one row per attribute."""
    clock = {"known_at": values["known_at"]}
    return [
        clock
        | {"attribute": name, "value": values.get(name)}
        | {"statement": None if values.get(name) is None else f"{name}={values[name]}"}
        | {ROW_KEY: statement_key(values, name)}
        for name in names
    ]


def _statements(values: MergedRow) -> list[MergedRow]:
    """Convert a row of customers into one row per channel, and one without a channel.

    The row without a channel says that the customer was declared at that instant.
    """
    reachable = {
        name.removeprefix("reachable_").lower(): value
        for name, value in values.items()
        if name.startswith("reachable_")
    }
    clock = {"known_at": values["known_at"]}
    return [
        clock | {"channel": channel, "reachable": value} | {ROW_KEY: statement_key(values, channel)}
        for channel, value in (reachable | {None: None}).items()
    ]


def _copy_orders(lines: Sequence[MergedRow], orders: TableColumns | None) -> None:
    """Add to posted order lines the instants of their orders, where these are known."""
    if orders is None:
        return
    row_indices = {key: index for index, key in enumerate(orders[ROW_KEY].tolist())}
    for line in lines:
        index = row_indices.get(line[ROW_KEY])
        if index is not None:
            line.update({n: values[index] for n, values in orders.items() if n not in line})


def merge_table(
    name: str, table: TableColumns | None, rows: Sequence[MergedRow]
) -> dict[str, Array]:
    """Add posted rows to one customer's rows of a table of the layout.

    Of rows with one key the first counts. A field that is missing in it is taken from the first
    later row that has it, and then the row is known from that later row on. Lines are added only
    to an order without any.

    Parameters
    ----------
    name : str
        The table of the layout.
    table : mapping of str to array, or None
        Column -> array `(n,)` of the stored rows; None where there are none.
    rows : sequence of dict
        The posted rows, in the order of their receipt.

    Returns
    -------
    dict of str to array
        Column -> array of all rows, sorted as a build sorts them.
    """
    columns = (ROW_KEY, *HISTORY_COLUMNS[name])
    held = [] if table is None else _rows(table, columns)
    rows_by_key = {row[ROW_KEY]: row for row in held}
    lines = name == "lines"
    for row in rows:
        earlier = rows_by_key.get(row[ROW_KEY])
        if earlier is None:
            added = {column: row.get(column) for column in columns}
            held.append(added)
            if not lines:
                rows_by_key[row[ROW_KEY]] = added
        elif not lines:
            _fill(name, earlier, row)
    return _sorted(name, {c: _array(c, [row[c] for row in held]) for c in columns})


def _rows(table: TableColumns, columns: Sequence[str]) -> list[MergedRow]:
    values = zip(*(table[column].tolist() for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _fill(name: str, held: MergedRow, row: MergedRow) -> None:
    """Fill missing fields of a row from a later row of the same key, and move its clock."""
    contract = TABLES_BY_NAME[HISTORY_TABLES[name].contract]
    missing = {column for column in held if _is_missing(held[column])}
    filled = set()
    for column in missing & row.keys():
        given_with = _given_with(contract, column)
        if row[column] is not None and (given_with is None or given_with in missing):
            held[column] = row[column]
            filled.add(column)
    if contract.columns_known_with_row(filled) and "known_at" in held:
        held["known_at"] = max(held["known_at"], row["known_at"])


def _given_with(contract: Contract, column: str) -> str | None:
    """Return the column that a value is given together with: its instant, or its product."""
    declared = contract.column(column)
    if declared is not None:
        return declared.known_with
    return "product_id" if column in PRODUCT_COLUMNS else None


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _array(column: str, values: Sequence[Any]) -> Array:
    if column in TEXT_COLUMNS:
        return object_array(values)
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _sorted(name: str, columns: dict[str, Array]) -> dict[str, Array]:
    """Sort rows as a build does: missing instants first, equal ones by the row's key."""
    keys = [
        np.nan_to_num(columns[column], nan=-np.inf) for column in (HISTORY_TABLES[name].happened,)
    ]
    order = np.lexsort([columns[ROW_KEY], *reversed(keys)])
    return {column: values[order] for column, values in columns.items()}
