"""Follows chains of identities: an account that belongs to another account, to its customer.

A chain arises if the id that an identity names as the customer is an account itself. When a
log is read, every chain is turned into steps that lead to its end at once. A step is known
from when everything that it rests on is known. Of several identities of one id the newest known
one counts. Ids that lead to each other in a circle are one customer, whose id is the one that
the newest identity of the circle names.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import groupby

import pyarrow as pa

from features.contract.tables import TABLES_BY_NAME
from features.log.log_connection import LogConnection

KNOWN_ALWAYS = -(2**53)  # before every cutoff
IdentityStep = tuple[int, str, str]  # known at (microseconds UTC), account, customer

_ACCOUNT = "source || ':' || source_id"
_LEADING_ON = (
    "SELECT DISTINCT customer_id FROM given_steps WHERE customer <> customer_id AND customer IN "
    "(SELECT customer_id FROM given_steps WHERE customer <> customer_id)"
)
_CHAINED = (
    "SELECT known_at, customer_id, customer FROM given_steps WHERE customer_id IN "
    "(FROM leading_on UNION ALL SELECT customer FROM given_steps SEMI JOIN leading_on USING "
    "(customer_id))"
)


def make_account_steps(connection: LogConnection, provided: Mapping[str, frozenset[str]]) -> None:
    """Make the view `account_steps` of accounts and their customers from the table identities.

    The view has the columns `customer_id` (the account), `known_at` and `customer`. The table
    `circled_accounts` gets the accounts that ever stood in a circle.

    Rows of a table that names no source stand under the bare id. In a log without any source all
    bare ids are of one kind, and a customer may be an account of another customer. Where sources
    are named, a customer's id that equals a bare id means nothing, and only `source:id` leads on.

    Only accounts that lead to another account are followed in Python, so that a million others
    cost one query.

    Parameters
    ----------
    connection : LogConnection
        The log's database with the table identities.
    provided : mapping of str to frozenset of str
        Table of the contract -> the columns that the shop gives.
    """
    tables = [name for name in provided if name != "identities" and _has_accounts(name)]
    named = any("source" in provided[name] for name in tables)
    bare = any("source" not in provided[name] for name in tables)
    ids = [_ACCOUNT] if named else [_ACCOUNT, "source_id"]
    connection.execute(f"CREATE OR REPLACE VIEW given_steps AS {_steps_sql(ids)}")
    connection.execute(f"CREATE OR REPLACE TEMP TABLE leading_on AS {_LEADING_ON}")
    followed, circled = follow_chains(connection.execute(_CHAINED).fetchall())
    connection.execute("DROP TABLE leading_on")
    at, accounts, customers = zip(*followed, strict=True) if followed else ((), (), ())
    chained = {"customer_id": (accounts, pa.string()), "known_at": (at, pa.int64())}
    _put(connection, "chained_steps", chained | {"customer": (customers, pa.string())})
    _put(connection, "circled_accounts", {"account": (sorted(circled), pa.string())})
    steps = (
        "SELECT customer_id, known_at, customer FROM chained_steps UNION ALL "
        "SELECT * FROM given_steps ANTI JOIN chained_steps USING (customer_id)"
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
    """Return the SELECT of all identities as steps, known always if they carry no `known_at`."""
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
    """Put columns into a table of the log's database, in place of an older table of that name."""
    arrays = {column: pa.array(values, kind) for column, (values, kind) in columns.items()}
    connection.register("chain_rows", pa.table(arrays))
    connection.execute(f"CREATE OR REPLACE TABLE {name} AS FROM chain_rows")
    connection.unregister("chain_rows")


def follow_chains(steps: Iterable[IdentityStep]) -> tuple[list[IdentityStep], set[str]]:
    """Return the customer of every account at each instant at which it changes.

    Parameters
    ----------
    steps : iterable of IdentityStep
        Identities as the shop gives them: known at (microseconds UTC), account, customer.

    Returns
    -------
    steps : list of IdentityStep
        One step for each change of an account's customer; the newest known one holds.
    circled : set of str
        Accounts that at some instant led back to themselves through others.

    Examples
    --------
    >>> follow_chains([(1, "a", "b"), (2, "b", "c")])
    ([(1, 'a', 'b'), (2, 'b', 'c'), (2, 'a', 'c')], set())
    """
    newest: dict[str, tuple[int, str]] = {}
    named: defaultdict[str, dict[str, None]] = defaultdict(dict)  # customer -> accounts, in order
    customers: dict[str, str] = {}
    followed, circled = [], set()
    for at, steps_at in groupby(sorted(steps), key=lambda step: step[0]):
        changed = {account: customer for _, account, customer in steps_at}  # the largest of two
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
    """Return some accounts and all accounts that lead to them."""
    leading = dict.fromkeys(ids)
    waiting = list(leading)
    while waiting:
        more = [a for a in named.get(waiting.pop(), ()) if a not in leading]
        leading |= dict.fromkeys(more)
        waiting += more
    return list(leading)


def _resolve(
    account: str, newest: Mapping[str, tuple[int, str]], known: dict[str, str]
) -> set[str]:
    """Put the customers of an account and those it leads to into `known`; return its circle."""
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
