"""Finds customer ids that do not stand for one person each."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import msgspec

from features.contract.casts import name_sql
from features.contract.tables import ORDERS, TABLES
from features.log.log import Log
from features.readiness.finding import Finding
from features.setting_line import SettingLine
from features.shop.folded_ids import fold_sql
from features.shop.shop import Shop
from features.sources.open_tables import scan_table_files
from features.sources.plain_copies import PlainCopies

_EXAMPLES = 5
_CUSTOMERS = 100  # of fewer customers nothing is said
_ONE_ORDER_SHARE = 0.995
_PERSON = re.compile("mail|customer|client|user|member|person|phone|unique", re.IGNORECASE)
_ANY_COLUMN = '[tables.orders] columns.customer_id = "..."'


def find_id_variants(log: Log) -> Iterator[Finding]:
    """Find customer ids of all tables that differ in their writing only.

    Compared are the ids without blanks, without characters that cannot be seen, in lower case and
    in Unicode's composed form (NFC). Ids that the table identities maps are left out, and
    pseudonyms cannot be compared.
    """
    if log.shop.section.pseudonymise:
        return
    with_ids = [t.name for t in TABLES if t.name in log.provided and t.column("customer_id")]
    ids = " UNION ".join(f"SELECT customer_id AS id FROM {name}" for name in with_ids)
    person = fold_sql("id", "case")
    mapped = " AND id NOT IN (SELECT source_id FROM identities)"
    more = mapped if "identities" in log.provided else ""
    groups = log.fetch(
        f"SELECT list(DISTINCT id ORDER BY id) AS variants FROM ({ids}) WHERE id IS NOT NULL{more} "
        f"GROUP BY {person} HAVING count(DISTINCT id) > 1 ORDER BY variants"
    )
    if groups:
        yield Finding(
            "warning",
            "orders.customer_id",
            "ids that differ only in case, blanks, invisible characters or accents' Unicode form: "
            "one person is taken for several",
            sum(len(variants) for (variants,) in groups),
            None,
            [" and ".join(map(_visible, variants)) for (variants,) in groups[:_EXAMPLES]],
            'Add to nextbuy.toml: [customers] fold = "case".',
            [SettingLine("customers", 'fold = "case"')],
        )


def find_one_order_each(log: Log) -> Iterator[Finding]:
    """Find a shop in which nearly every customer has one order, since the id is the order's."""
    customers, single = log.fetch(
        "SELECT count(*), count(*) FILTER (WHERE n = 1) FROM "
        "(SELECT count(*) AS n FROM orders GROUP BY customer_id)"
    )[0]
    if customers >= _CUSTOMERS and single >= _ONE_ORDER_SHARE * customers:
        others = find_person_columns(log.shop)
        lines = [SettingLine("tables.orders", f"columns.customer_id = {_toml(c)}") for c in others]
        yield Finding(
            "warning",
            "orders.customer_id",
            "customers with a single order: if it is an id of the order or of a guest, nobody ever "
            "comes back",
            single,
            single / customers,
            others,
            "Name the column that stays the same for a person, such as the e-mail address: "
            f"{lines[0] if lines else _ANY_COLUMN}.",
            lines,
        )


def find_person_columns(shop: Shop) -> list[str]:
    """Return columns of the orders' files that name persons who come back, the likeliest first.

    Their names speak of a person, and their values repeat: there are fewer different ones than
    orders. A query of files, and a database, is not looked through.
    """
    source = shop.tables["orders"]
    if source.path is None or source.query is not None:
        return []
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(duckdb.connect(config={"autoinstall_known_extensions": False})) as connection,
    ):
        copies = PlainCopies(Path(folder))
        scan = scan_table_files(connection, shop, ORDERS, copies)
        copies.make()
        described = connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
        taken = source.mapping.get("customer_id", "customer_id")
        names = [row[0] for row in described if _PERSON.search(row[0]) and row[0] != taken]
        if not names:
            return []
        counts = ", ".join(f"count(DISTINCT {name_sql(n)}), count({name_sql(n)})" for n in names)
        counted = connection.execute(f"SELECT {counts} FROM {scan}").fetchall()[0]
    pairs = zip(names, counted[::2], counted[1::2], strict=True)
    repeating = [(different, name) for name, different, rows in pairs if 1 < different < rows]
    return [name for _, name in sorted(repeating, reverse=True)]


def _toml(text: str) -> str:
    return msgspec.json.encode(text).decode()


def _visible(text: str) -> str:
    r"""Return a text with escapes for everything that is not ASCII, so that it can be told apart.

    >>> print(_visible("José"))
    Jos\xe9
    """
    return ascii(text)[1:-1]
