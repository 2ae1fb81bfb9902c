"""Finds customer ids that do not stand for one person each."""

from collections.abc import Iterator

from features.contract.tables import TABLES
from features.log.log import Log
from features.readiness.finding import Finding
from features.shop.folded_ids import fold_sql

_EXAMPLES = 5
_CUSTOMERS = 100  # of fewer customers nothing is said
_ONE_ORDER_SHARE = 0.995


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
        )


def find_one_order_each(log: Log) -> Iterator[Finding]:
    """Find a shop in which nearly every customer has one order, since the id is the order's."""
    customers, single = log.fetch(
        "SELECT count(*), count(*) FILTER (WHERE n = 1) FROM "
        "(SELECT count(*) AS n FROM orders GROUP BY customer_id)"
    )[0]
    if customers >= _CUSTOMERS and single >= _ONE_ORDER_SHARE * customers:
        yield Finding(
            "warning",
            "orders.customer_id",
            "customers with a single order: if it is an id of the order or of a guest, nobody ever "
            "comes back",
            single,
            single / customers,
            [],
            "Name the column that stays the same for a person, such as the e-mail address: "
            '[tables.orders] columns = {customer_id = "..."}.',
        )


def _visible(text: str) -> str:
    r"""Return a text with escapes for everything that is not ASCII, so that it can be told apart.

    >>> print(_visible("José"))
    Jos\xe9
    """
    return ascii(text)[1:-1]
