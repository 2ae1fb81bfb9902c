"""Asks the tables of a proposed shop for what its settings depend on: rows, and the currency."""

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from features.contract.tables import TABLES_BY_NAME
from features.errors import InputError
from features.shop.shop import Shop
from features.sources.databases import Databases
from features.sources.open_tables import reading_fault, scan_table_files
from features.sources.plain_copies import PlainCopies


@dataclass(frozen=True)
class ShopProbe:
    """Runs small queries over the tables of a shop, before they are checked.

    Attributes
    ----------
    shop : Shop
        The proposed settings.
    connection : DuckDBPyConnection
        A database of its own.
    databases : Databases
        The shop's databases.
    folder : Path
        Where copies are put of files that cannot be read as they are.
    """

    shop: Shop
    connection: duckdb.DuckDBPyConnection
    databases: Databases
    folder: Path

    def has_rows(self, name: str) -> bool:
        """Tell whether a table has any row."""
        return bool(self._fetch(name, "SELECT 1 AS one FROM {rows} LIMIT 1"))

    def currencies(self) -> list[str]:
        """Return the currencies of the orders, the most frequent first."""
        query = "SELECT currency, COUNT(*) AS n FROM {rows} GROUP BY currency ORDER BY n DESC"
        return [str(code).upper() for code, _ in self._fetch("orders", query) if code]

    def _fetch(self, name: str, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query over a table."""
        table, source = TABLES_BY_NAME[name], self.shop.tables[name]
        if source.path is not None:
            copies = PlainCopies(self.folder)
            scan = scan_table_files(self.connection, self.shop, table, copies)
            copies.make()
            try:
                return self.connection.execute(query.format(rows=scan)).fetchall()
            except duckdb.Error as error:
                raise InputError([reading_fault(self.shop, table, error)]) from None
        whole = source.query or f"SELECT * FROM {source.table}"
        asked = msgspec.structs.replace(
            source, table=None, query=query.format(rows=f"({whole}) given")
        )
        rows = self.databases.read(table, asked).read_all()
        return list(zip(*(column.to_pylist() for column in rows.columns), strict=True))


@contextmanager
def open_probe(shop: Shop) -> Iterator[ShopProbe]:
    """Open the tables of a proposed shop for small queries; nothing is written into its folder."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(duckdb.connect(config={"autoinstall_known_extensions": False})) as connection,
        closing(Databases(shop.root)) as databases,
    ):
        connection.execute("SET TimeZone = $zone", {"zone": shop.section.timezone})
        yield ShopProbe(shop, connection, databases, Path(folder))
