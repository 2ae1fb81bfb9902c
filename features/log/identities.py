"""Identities: which accounts are one customer, as far as known at an instant.

An account is an id as it stands in a table, `source:id` where the table names the system that
its ids are of. The identities say from when on an account was known to belong to a customer;
until then, and without any identity, it is a customer of its own. Chains of them have been
followed when the log was read (`features.log.identity_chains`), so that here one step is the last.
"""

import pandas as pd

from features.contract.casts import name_sql
from features.history.layout import HISTORY_COLUMNS
from features.log.log import Log
from features.log.warehouse import Warehouse

# Tables of the history whose rows stand under an account.
_OF_ACCOUNTS = frozenset(HISTORY_COLUMNS) - {"identities", "links"}


def account_customers_sql(cutoff: int) -> str:
    """Write the SELECT of `account`, `customer_id` as known at a cutoff, one row per account."""
    return (
        "SELECT customer_id AS account, arg_max(customer, (known_at, customer)) AS customer_id "
        f"FROM history_identities WHERE known_at <= {cutoff} GROUP BY customer_id"
    )


def history_table_sql(log: Warehouse, table: str, cutoff: int) -> str:
    """Write what to read a table of the history from, its rows under their customers."""
    if "identities" not in log.provided or table not in _OF_ACCOUNTS:
        return f"history_{table}"
    columns = ", ".join(f"rows.{name_sql(name)}" for name in HISTORY_COLUMNS[table])
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
        f"LEFT JOIN ({account_customers_sql(cutoff)}) AS identity ON identity.account = rows.customer_id"
    )


def customers_of_accounts(log: Log, accounts: pd.Series, cutoff: int) -> pd.Series:
    """Give the customer of each account, as known at a cutoff."""
    if "identities" not in log.provided:
        return accounts
    known = dict(log.connection.execute(account_customers_sql(cutoff)).fetchall())
    return accounts.map(lambda account: known.get(account, account))
