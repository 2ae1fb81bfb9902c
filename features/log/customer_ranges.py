"""Splits the customers of a log into ranges that are small enough to stay in the caches.

The tables of a log are in the order of their customers (except posted rows, at the end), so
that a range is read without the rest. The cost of features per customer is then the same for
any number of customers, and their memory is bounded by the range.
"""

from collections.abc import Mapping
from itertools import pairwise

from features.contract.casts import quote
from features.log.log_connection import LogConnection

_ROWS = 5_000_000  # of all tables together in one range
_EVERYBODY = ("",)


def customer_ranges(
    connection: LogConnection, provided: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Return SQL conditions on `customer_id`; every customer meets exactly one of them.

    The only condition is empty for a small log. It is empty too where the rows of a customer may
    be apart: if accounts come from several systems or identities join them to one customer.

    Parameters
    ----------
    connection : LogConnection
        The log's database.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the shop gives.

    Returns
    -------
    tuple of str
        Conditions in the order of the customers' ids.
    """
    tables = [name for name, columns in provided.items() if "customer_id" in columns]
    if "identities" in provided or any("source" in provided[name] for name in tables):
        return _EVERYBODY
    counts = {
        name: int(connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])
        for name in provided
    }
    largest = max(tables, key=lambda name: counts[name])
    number = -(-sum(counts.values()) // _ROWS)
    row_numbers = ", ".join(str(counts[largest] * n // number) for n in range(1, number))
    if not row_numbers:
        return _EVERYBODY
    starts = connection.execute(
        "SELECT DISTINCT customer_id FROM "
        f"(SELECT customer_id, row_number() OVER () AS number FROM {largest}) "
        f"WHERE number IN ({row_numbers}) ORDER BY 1"
    ).fetchall()
    bounds = [quote(row[0]) for row in starts]
    return (
        f"customer_id < {bounds[0]}",
        *(f"customer_id >= {low} AND customer_id < {high}" for low, high in pairwise(bounds)),
        f"customer_id >= {bounds[-1]}",
    )
