"""What was posted since the last build, added to what the store holds: the history as of now."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from features.arrays import Array, TableColumns
from features.contract.row_keys import statement_key
from features.contract.tables import TABLES_BY_NAME
from features.contract.tables import Table as Contract
from features.history.customer_rows import object_array
from features.history.layout import (
    HISTORY_COLUMNS,
    HISTORY_TABLES,
    PRODUCT_COLUMNS,
    ROW_KEY,
    TEXT_COLUMNS,
)
from features.ledgers.journal import Journal, JournalRow
from features.log.merge_posted import columns_known_with_row, typed_row
from features.shop.shop import Shop
from features.store.products import Product
from features.store.protocol import HistoryStore, StoredHistory, StoreInfo
from features.windows import local_day

MergedRow = dict[str, Any]


class FreshStore:
    """One build of the store and the rows posted after it; a row is never in twice."""

    def __init__(self, shop: Shop, store: HistoryStore, journal: Journal) -> None:
        self._shop = shop
        self._store = store
        self._journal = journal

    @property
    def info(self) -> StoreInfo:
        """What the build says of itself."""
        return self._store.info

    @property
    def data_cutoff(self) -> int:
        """Last instant to which silence is silence.

        The build's; where the shop posts everything ([journal] complete), the last receipt.
        """
        cutoff = self.info.data_cutoff
        if not self._shop.journal.complete:
            return cutoff
        return max(cutoff, self._journal.last_received_at() or cutoff)

    def read(self, customer_ids: Sequence[str]) -> dict[str, StoredHistory]:
        """Read the tables of the customers that store or journal know."""
        found = self._store.read(customer_ids)
        posted = self._journal.read(customer_ids, self.info.journal_seq)
        products = self._products_of(row for rows in posted.values() for row in rows)
        for customer_id, rows in posted.items():
            found[customer_id] = self._merge(found.get(customer_id, {}), rows, products)
        return found

    def read_products(self, product_ids: Sequence[str]) -> dict[str, Product]:
        """Read the products of the build; none can be posted."""
        return self._store.read_products(product_ids)

    def customer_ids(self) -> list[str]:
        """List all customers of store and journal, sorted."""
        posted = self._journal.customer_ids(self.info.journal_seq)
        return sorted({*self._store.customer_ids(), *posted})

    def close(self) -> None:
        """Let go of build and journal."""
        self._store.close()
        self._journal.close()

    def _products_of(self, rows: Iterable[JournalRow]) -> dict[str, Product]:
        named = {row.body["product_id"] for row in rows if "product_id" in row.body}
        return self._store.read_products(sorted(named)) if named else {}

    def _merge(
        self, tables: StoredHistory, rows: Sequence[JournalRow], products: Mapping[str, Product]
    ) -> StoredHistory:
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
        """Turn a posted row into rows of a table of the layout."""
        values = typed_row(row)
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
        """Keep what may become a feature: what the build's own rows have."""
        told = {f"customers.{name}": name for name in HISTORY_TABLES["profile"].columns}
        kept = {name for place, name in told.items() if self.info.vocabulary.gives(place)}
        kept |= {f"{name.removesuffix('_at')}_known_at" for name in kept}
        return {n: v for n, v in values.items() if n in kept | {"known_at", ROW_KEY}}


# Posted identities join accounts from the next build on.
_BY_THE_NEXT_BUILD = ("identities", "links")


def _attributes(values: MergedRow, names: Sequence[str]) -> list[MergedRow]:
    """Turn a row of customers into statements about attributes."""
    clock = {"known_at": values["known_at"]}
    return [
        clock
        | {"attribute": name, "value": values.get(name)}
        | {"statement": None if values.get(name) is None else f"{name}={values[name]}"}
        | {ROW_KEY: statement_key(values, name)}
        for name in names
    ]


def _statements(values: MergedRow) -> list[MergedRow]:
    """Turn a row of customers into statements about channels, and one that states nothing."""
    told = {
        name.removeprefix("reachable_").lower(): value
        for name, value in values.items()
        if name.startswith("reachable_")
    }
    clock = {"known_at": values["known_at"]}
    return [
        clock | {"channel": channel, "reachable": value} | {ROW_KEY: statement_key(values, channel)}
        for channel, value in (told | {None: None}).items()
    ]


def _copy_orders(lines: Sequence[MergedRow], orders: TableColumns | None) -> None:
    """Give lines what they share with their order: its instants."""
    if orders is None:
        return
    places = {key: place for place, key in enumerate(orders[ROW_KEY].tolist())}
    for line in lines:
        place = places.get(line[ROW_KEY])
        if place is not None:
            line.update({n: values[place] for n, values in orders.items() if n not in line})


def merge_table(
    name: str, table: TableColumns | None, rows: Sequence[MergedRow]
) -> dict[str, Array]:
    """Add posted rows to one customer's rows of a table of the layout, in the layout's order.

    What is there counts; a field that is missing is taken from the first row that brings it, and
    then the row is known from that one on. Lines are added only to an order without any.
    """
    columns = (ROW_KEY, *HISTORY_COLUMNS[name])
    held = [] if table is None else _rows(table, columns)
    places = {row[ROW_KEY]: row for row in held}
    lines = name == "lines"
    for row in rows:
        same = places.get(row[ROW_KEY])
        if same is None:
            added = {column: row.get(column) for column in columns}
            held.append(added)
            if not lines:
                places[row[ROW_KEY]] = added
        elif not lines:
            _fill(name, same, row)
    return _sorted(name, {c: _array(c, [row[c] for row in held]) for c in columns})


def _rows(table: TableColumns, columns: Sequence[str]) -> list[MergedRow]:
    values = zip(*(table[column].tolist() for column in columns), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in values]


def _fill(name: str, held: MergedRow, row: MergedRow) -> None:
    """Take from a later row of the same key what is missing, with its clock."""
    contract = TABLES_BY_NAME[HISTORY_TABLES[name].contract]
    missing = {column for column in held if _is_missing(held[column])}
    brought = set()
    for column in missing & row.keys():
        given_with = _given_with(contract, column)
        if row[column] is not None and (given_with is None or given_with in missing):
            held[column] = row[column]
            brought.add(column)
    if columns_known_with_row(contract, brought) and "known_at" in held:
        held["known_at"] = max(held["known_at"], row["known_at"])


def _given_with(contract: Contract, column: str) -> str | None:
    """Name the column of the row that a value comes with: its instant, or its product."""
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
    """Sort as a build does: missing instants first, equal ones by the row's key."""
    keys = [
        np.nan_to_num(columns[column], nan=-np.inf) for column in (HISTORY_TABLES[name].happened,)
    ]
    places = np.lexsort([columns[ROW_KEY], *reversed(keys)])
    return {column: values[places] for column, values in columns.items()}
