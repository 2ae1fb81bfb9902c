"""Identities: which accounts are one customer, as far as known at an instant.

An account is an id as it stands in a table, `source:id` where the table names the system that
its ids are of. The identities say from when on an account was known to belong to a customer;
until then, and without any identity, it is a customer of its own. Chains of them have been
followed when the log was read (`features.log.identity_chains`), so that here one step is the last.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from features.contract.casts import name_sql
from features.history.layout import LAYOUT, Array, Table
from features.log.log import Log
from features.log.warehouse import Warehouse

Tables = Mapping[str, Table]
Read = Callable[[Sequence[str]], Mapping[str, Tables]]

# Tables of the history whose rows stand under an account.
_OF_ACCOUNTS = frozenset(LAYOUT) - {"identities", "links"}


def customers_sql(cutoff: int) -> str:
    """Write the SELECT of `account`, `customer_id` as known at a cutoff, one row per account."""
    return (
        "SELECT customer_id AS account, arg_max(customer, (known_at, customer)) AS customer_id "
        f"FROM history_identities WHERE known_at <= {cutoff} GROUP BY customer_id"
    )


def table_sql(log: Warehouse, table: str, cutoff: int) -> str:
    """Write what to read a table of the history from, its rows under their customers."""
    if "identities" not in log.provided or table not in _OF_ACCOUNTS:
        return f"history_{table}"
    columns = ", ".join(f"rows.{name_sql(name)}" for name in LAYOUT[table])
    resolved = f"SELECT {_CUSTOMER} AS customer_id, {columns}"
    return f"({resolved} {_joined_sql(f'history_{table}', cutoff)})"


def messages_sql(log: Log, cutoff: int) -> str:
    """Write the SELECT of all messages, every column, under their customers and `account`."""
    if "identities" not in log.provided:
        return "SELECT *, customer_id AS account FROM account_messages"
    return (
        f"SELECT rows.* REPLACE ({_CUSTOMER} AS customer_id), rows.customer_id AS account "
        f"{_joined_sql('account_messages', cutoff)}"
    )


_CUSTOMER = "coalesce(identity.customer_id, rows.customer_id)"


def _joined_sql(rows: str, cutoff: int) -> str:
    return (
        f"FROM {rows} AS rows "
        f"LEFT JOIN ({customers_sql(cutoff)}) AS identity ON identity.account = rows.customer_id"
    )


def resolve(log: Log, accounts: pd.Series, cutoff: int) -> pd.Series:
    """Give the customer of each account, as known at a cutoff."""
    if "identities" not in log.provided:
        return accounts
    known = dict(log.connection.execute(customers_sql(cutoff)).fetchall())
    return accounts.map(lambda account: known.get(account, account))


def read_customers(read: Read, ids: Iterable[str], as_of: int) -> dict[str, Tables]:
    """Read the history of each customer, over all accounts that were known to be theirs.

    Parameters
    ----------
    read : callable
        Accounts -> the records of those that are known.
    ids : iterable of str
        Customers, or accounts of theirs.

    Returns
    -------
    dict of str to tables
        By the id that was asked for; unknown ones are left out.
    """
    records = dict(read(list(ids)))
    customers = {i: customer_at(records[i], i, as_of) for i in records}
    records |= read([c for c in customers.values() if c not in records])
    linked = {c: _accounts_at(records[c], as_of) for c in customers.values() if c in records}
    records |= read(sorted(set().union(*linked.values()) - records.keys()))
    found = {}
    for asked, customer in customers.items():
        accounts = [customer, *sorted(linked.get(customer, set()) - {customer}), asked]
        theirs = [
            records[account]
            for account in dict.fromkeys(accounts)
            if account in records and customer_at(records[account], account, as_of) == customer
        ]
        found[asked] = theirs[0] if len(theirs) == 1 else _together(theirs)
    return found


def customer_at(record: Tables, account: str, as_of: int) -> str:
    """Give the customer that an account was known to belong to.

    Parameters
    ----------
    record : tables
        Of the account, or of all accounts of its customer together.
    """
    rows = record.get("identities")
    if rows is None:
        return account
    known = [
        (at, c) for at, c in zip(rows["known_at"], rows["customer"], strict=True) if at <= as_of
    ]
    return str(max(known)[1]) if known else account


def _accounts_at(record: Tables, as_of: int) -> set[str]:
    """Give the accounts that a customer was ever known by until then."""
    rows = record.get("links")
    if rows is None:
        return set()
    return {str(a) for at, a in zip(rows["known_at"], rows["account"], strict=True) if at <= as_of}


def _together(records: Sequence[Tables]) -> dict[str, dict[str, Array]]:
    """Put the tables of several accounts one after the other."""
    return {
        table: {
            name: np.concatenate([record[table][name] for record in records if table in record])
            for name in names
        }
        for table, names in LAYOUT.items()
        if any(table in record for record in records)
    }
