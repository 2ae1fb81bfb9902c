"""Chains of identities: an account of an id that is itself an account, followed to its customer.

When a log is read, every chain is turned into steps that lead to its end at once, each known
from when all it rests on is known, so that no reader has to follow one. Of an id's mappings the
newest known counts. Ids that lead round in a circle are one customer, whose id is the one that
the newest mapping of the circle names.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

import pyarrow as pa

from features.contract.tables import TABLES_BY_NAME
from features.sources.log_connection import LogConnection

KNOWN_ALWAYS = -(2**53)  # known at any cutoff
IdentityStep = tuple[int, str, str]  # known at, account, customer

_ACCOUNT = "source || ':' || source_id"
_LEADING_ON = (
    "SELECT DISTINCT customer_id FROM steps_told WHERE customer <> customer_id AND customer IN "
    "(SELECT customer_id FROM steps_told WHERE customer <> customer_id)"
)
_CHAINED = (
    "SELECT known_at, customer_id, customer FROM steps_told WHERE customer_id IN "
    "(FROM leading_on UNION ALL SELECT customer FROM steps_told SEMI JOIN leading_on USING "
    "(customer_id))"
)


def make_account_steps(connection: LogConnection, provided: Mapping[str, frozenset[str]]) -> None:
    """Make `account_steps` (`customer_id`, `known_at`, `customer`) from the table identities.

    Rows of a table that names no source stand under the bare id. In a log without any source
    bare ids are all of one kind, and a customer may be an account of another; where sources are
    named, a customer's id that equals a bare one says nothing, and only `source:id` leads on.

    Only accounts that lead to another account are followed in Python, so that a million others
    cost one query. `circled_accounts` has the ids that ever stood in a circle.
    """
    tables = [name for name in provided if name != "identities" and _has_accounts(name)]
    named = any("source" in provided[name] for name in tables)
    bare = any("source" not in provided[name] for name in tables)
    told = [_ACCOUNT] if named else [_ACCOUNT, "source_id"]
    connection.execute(f"CREATE OR REPLACE VIEW steps_told AS {_steps_sql(told)}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE leading_on AS {_LEADING_ON}")
    followed, circled = follow_chains(connection.execute(_CHAINED).fetchall())
    connection.execute("DROP TABLE leading_on")
    at, accounts, customers = zip(*followed, strict=True) if followed else ((), (), ())
    chained = {"customer_id": (accounts, pa.string()), "known_at": (at, pa.int64())}
    _put(connection, "chained_steps", chained | {"customer": (customers, pa.string())})
    _put(connection, "circled_accounts", {"account": (sorted(circled), pa.string())})
    steps = (
        "SELECT customer_id, known_at, customer FROM chained_steps UNION ALL "
        "SELECT * FROM steps_told ANTI JOIN chained_steps USING (customer_id)"
    )
    if named and bare:
        steps += f" UNION ALL SELECT source_id, known_at, customer FROM ({steps}) {_BARE}"
    connection.execute(f"CREATE OR REPLACE VIEW account_steps AS {steps}")


_BARE = (
    f"JOIN (SELECT DISTINCT {_ACCOUNT} AS account, source_id FROM identities) "
    "ON account = customer_id"
)


def _has_accounts(table: str) -> bool:
    return TABLES_BY_NAME[table].column("customer_id") is not None


def _steps_sql(accounts: Iterable[str]) -> str:
    return " UNION ALL ".join(
        f"SELECT {account} AS customer_id, coalesce(known_at, {KNOWN_ALWAYS}) AS known_at, "
        "customer_id AS customer FROM identities"
        for account in accounts
    )


def _put(
    connection: LogConnection,
    name: str,
    columns: Mapping[str, tuple[Collection[object], pa.DataType]],
) -> None:
    arrays = {column: pa.array(values, kind) for column, (values, kind) in columns.items()}
    connection.register("chain_rows", pa.table(arrays))
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM chain_rows")
    connection.unregister("chain_rows")


def follow_chains(steps: Iterable[IdentityStep]) -> tuple[list[IdentityStep], set[str]]:
    """Follow every account to its customer, at each instant at which that changes.

    Returns
    -------
    steps : list of Step
        One for each change of an account's customer; the newest known one holds.
    circled : set of str
        Ids that at some instant led back to themselves through others.

    >>> follow([(1, "a", "b"), (2, "b", "c")])
    ([(1, 'a', 'b'), (2, 'b', 'c'), (2, 'a', 'c')], set())
    """
    newest: dict[str, tuple[int, str]] = {}
    named: defaultdict[str, dict[str, None]] = defaultdict(dict)  # customer -> accounts, in order
    customers: dict[str, str] = {}
    followed, circled = [], set()
    for at, told in groupby(sorted(steps), key=lambda step: step[0]):
        changed = {account: customer for _, account, customer in told}  # of two the largest
        for account, customer in changed.items():
            if account in newest:
                del named[newest[account][1]][account]
            newest[account] = at, customer
            named[customer][account] = None
        known: dict[str, str] = {}
        for account in _leading_to(changed, named):
            circled |= _resolve(account, newest, known)
            if customers.get(account) != known[account]:
                customers[account] = known[account]
                followed.append((at, account, known[account]))
    return followed, circled


def _leading_to(ids: Iterable[str], named: Mapping[str, Iterable[str]]) -> list[str]:
    """List some accounts and all that lead to them."""
    found = dict.fromkeys(ids)
    waiting = list(found)
    while waiting:
        more = [a for a in named.get(waiting.pop(), ()) if a not in found]
        found |= dict.fromkeys(more)
        waiting += more
    return list(found)


def _resolve(
    account: str, newest: Mapping[str, tuple[int, str]], known: dict[str, str]
) -> set[str]:
    """Put the customer of an account, and of all on its way, into `known`; give its circle."""
    way: list[str] = []
    passed: set[str] = set()
    here = account
    while here not in known and here not in passed and here in newest:
        way.append(here)
        passed.add(here)
        here = newest[here][1]
    circle = way[way.index(here) :] if here in passed else []
    customer = max(newest[i] for i in circle)[1] if circle else known.get(here, here)
    known |= dict.fromkeys(way, customer)
    return set(circle) if len(circle) > 1 else set()
