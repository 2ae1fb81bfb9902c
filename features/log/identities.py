"""Says which accounts belong to one customer, as far as that is known at an instant.

An account is an id as it stands in a table: `source:id` where the table names the system that
its ids come from. An identity says from when on an account is known to belong to a customer.
Until then, and without an identity, an account is a customer by itself. Chains of identities
have been followed when the log was read (`features.log.identity_chains`), so that here every
account is one step from its customer.
"""

import pandas as pd

from features.contract.casts import name_sql
from features.history.layout import HISTORY_COLUMNS
from features.log.log import Log
from features.log.queryable_log import QueryableLog

# Tables of the history whose rows stand under an account.
_OF_ACCOUNTS = frozenset(HISTORY_COLUMNS) - {"identities", "links"}


def account_customers_sql(cutoff: int) -> str:
    """Return the SELECT of accounts and their customers as known at a cutoff.

    Parameters
    ----------
    cutoff : int
        Microseconds since 1970, UTC.

    Returns
    -------
    str
        A query with the columns `account` and `customer_id`, one row per account that has an
        identity.
    """
    return (
        "SELECT customer_id AS account, arg_max(customer, (known_at, customer)) AS customer_id "
        f"FROM history_identities WHERE known_at <= {cutoff} GROUP BY customer_id"
    )


def history_table_sql(log: QueryableLog, table: str, cutoff: int) -> str:
    """Return the SQL of a history table whose rows stand under their customers, for a FROM clause.

    Parameters
    ----------
    log : Warehouse
        The log whose table is read.
    table : str
        A table of the history, without the prefix `history_`.
    cutoff : int
        The instant (microseconds UTC) at which identities are known.
    """
    if "identities" not in log.provided or table not in _OF_ACCOUNTS:
        return f"history_{table}"
    columns = ", ".join(f"rows.{name_sql(name)}" for name in HISTORY_COLUMNS[table])
    resolved = f"SELECT {_CUSTOMER} AS customer_id, {columns}"
    return f"({resolved} {_joined_sql(f'history_{table}', cutoff)})"


def messages_sql(log: Log, cutoff: int) -> str:
    """Return the SELECT of all messages with all their columns, `customer_id` and `account`.

    Parameters
    ----------
    log : Log
        The log with the messages.
    cutoff : int
        The instant (microseconds UTC) at which identities are known.
    """
    if "identities" not in log.provided:
        return "SELECT *, customer_id AS account FROM account_messages"
    return (
        f"SELECT rows.* REPLACE ({_CUSTOMER} AS customer_id), rows.customer_id AS account "
        f"{_joined_sql('account_messages', cutoff)}"
    )


_CUSTOMER = "coalesce(identity.customer_id, rows.customer_id)"


def _joined_sql(rows: str, cutoff: int) -> str:
    """Return the FROM clause that joins rows with the customers of their accounts."""
    identities = account_customers_sql(cutoff)
    return (
        f"FROM {rows} AS rows "
        f"LEFT JOIN ({identities}) AS identity ON identity.account = rows.customer_id"
    )


def customers_of_accounts(log: Log, accounts: pd.Series, cutoff: int) -> pd.Series:
    """Return the customer of each account as known at a cutoff; without an identity the account.

    Parameters
    ----------
    log : Log
        The log with the identities.
    accounts : (n,) Series of str
        Accounts.
    cutoff : int
        Microseconds since 1970, UTC.

    Returns
    -------
    (n,) Series of str
        Customer ids, with the index of `accounts`.
    """
    if "identities" not in log.provided:
        return accounts
    known = dict(log.connection.execute(account_customers_sql(cutoff)).fetchall())
    return accounts.map(lambda account: known.get(account, account))
