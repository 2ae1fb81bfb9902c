"""Ranges of customers: parts of a log small enough that what is computed stays in the caches.

The tables of a log stand in the order of their customers (but for posted rows, at the end), so
that a part is read without the rest. That makes features cost the same per customer however many
there are, and bounds their memory by the part.
"""

from collections.abc import Mapping
from itertools import pairwise

from features.contract.casts import quote
from features.sources.log_connection import LogConnection

_ROWS = 5_000_000  # of all tables, in a range
_EVERYBODY = ("",)


def customer_ranges(
    connection: LogConnection, provided: Mapping[str, frozenset[str]]
) -> tuple[str, ...]:
    """Write conditions on `customer_id`, in its order, of which every customer meets just one.

    There is one empty condition for a small log, and where a customer's rows need not stand
    together: accounts of several systems, or that identities put under one customer.
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
    places = ", ".join(str(counts[largest] * n // number) for n in range(1, number))
    if not places:
        return _EVERYBODY
    found = connection.execute(
        "SELECT DISTINCT customer_id FROM "
        f"(SELECT customer_id, row_number() OVER () AS place FROM {largest}) "
        f"WHERE place IN ({places}) ORDER BY 1"
    ).fetchall()
    bounds = [quote(row[0]) for row in found]
    return (
        f"customer_id < {bounds[0]}",
        *(f"customer_id >= {low} AND customer_id < {high}" for low, high in pairwise(bounds)),
        f"customer_id >= {bounds[-1]}",
    )
