"""Reads the histories of customers, each put together from all accounts known to be theirs."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from features.arrays import Array, History
from features.history.layout import HISTORY_COLUMNS

ReadRecords = Callable[[Sequence[str]], Mapping[str, History]]


def read_customer_histories(
    read: ReadRecords, ids: Iterable[str], as_of: int
) -> dict[str, History]:
    """Return the history of each customer, with the rows of all accounts known to be theirs.

    Parameters
    ----------
    read : callable
        Takes accounts and returns the records of those that the store has.
    ids : iterable of str
        Customers, or accounts of customers.
    as_of : int
        The instant (microseconds UTC) at which identities are known.

    Returns
    -------
    dict of str to History
        Id as requested -> tables; ids without a record are left out.
    """
    records = dict(read(list(ids)))
    customers = {i: customer_at(records[i], i, as_of) for i in records}
    records |= read([c for c in customers.values() if c not in records])
    linked = {c: _accounts_at(records[c], as_of) for c in customers.values() if c in records}
    records |= read(sorted(set().union(*linked.values()) - records.keys()))
    histories = {}
    for requested, customer in customers.items():
        accounts = [customer, *sorted(linked.get(customer, set()) - {customer}), requested]
        of_customer = [
            records[account]
            for account in dict.fromkeys(accounts)
            if account in records and customer_at(records[account], account, as_of) == customer
        ]
        histories[requested] = of_customer[0] if len(of_customer) == 1 else _together(of_customer)
    return histories


def customer_at(record: History, account: str, as_of: int) -> str:
    """Return the customer that an account was known to belong to at an instant.

    Parameters
    ----------
    record : History
        The record of the account, or of all accounts of its customer together.
    account : str
        The account.
    as_of : int
        Microseconds since 1970, UTC.
    """
    rows = record.get("identities")
    if rows is None:
        return account
    known = [
        (at, c) for at, c in zip(rows["known_at"], rows["customer"], strict=True) if at <= as_of
    ]
    return str(max(known)[1]) if known else account


def _accounts_at(record: History, as_of: int) -> set[str]:
    """Return the accounts that were known to be a customer's at any time until an instant."""
    rows = record.get("links")
    if rows is None:
        return set()
    return {str(a) for at, a in zip(rows["known_at"], rows["account"], strict=True) if at <= as_of}


def _together(records: Sequence[History]) -> dict[str, dict[str, Array]]:
    """Put the tables of several accounts one after the other."""
    return {
        table: {
            name: np.concatenate([record[table][name] for record in records if table in record])
            for name in names
        }
        for table, names in HISTORY_COLUMNS.items()
        if any(table in record for record in records)
    }
