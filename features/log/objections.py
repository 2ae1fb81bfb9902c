"""Objections to profiling: customers from whom nothing may be learned and who are not scored."""

import pandas as pd

from features.contract.tables import PROFILING_SCOPE
from features.log.identities import account_customers_sql, history_table_sql
from features.log.log import Log
from features.log.queryable_log import QueryableLog
from features.windows import MAX_INSTANT


def objecting_customers_sql(log: QueryableLog) -> str:
    """Return the SELECT of customers who object to profiling: column `customer_id`.

    A customer objects if, for any store, the latest consent with the scope `profiling` is not
    granted. Without such a row there is no objection; of two rows with the same instant the
    objection counts. The result has the customer's accounts as well, since before an identity is
    known an account is a customer. There is no cutoff on purpose: nothing is learned from
    somebody who objects today, however old the data.
    """
    if "consents" not in log.provided:
        return "SELECT CAST(NULL AS VARCHAR) AS customer_id WHERE FALSE"
    consents = history_table_sql(log, "consents", MAX_INSTANT)
    objected = (
        f"SELECT customer_id FROM {consents} WHERE scope = '{PROFILING_SCOPE}' "
        "GROUP BY customer_id, store HAVING NOT arg_max(granted, (changed_at, NOT granted))"
    )
    if "identities" not in log.provided:
        return objected
    accounts = f"SELECT account, customer_id FROM ({account_customers_sql(MAX_INSTANT)})"
    return (
        f"{objected} UNION SELECT account AS customer_id FROM ({accounts}) "
        f"WHERE customer_id IN ({objected})"
    )


def objecting_customers(log: Log) -> set[str]:
    """Return the customers who object to profiling, and their accounts."""
    return {row[0] for row in log.connection.execute(objecting_customers_sql(log)).fetchall()}


def drop_objecting_customers(log: Log, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame whose customers do not object to profiling.

    Parameters
    ----------
    log : Log
        The log with the consents.
    frame : DataFrame
        Has the column `customer_id`.

    Returns
    -------
    DataFrame
        The same columns, with a new index from 0.
    """
    return frame[~frame["customer_id"].isin(objecting_customers(log))].reset_index(drop=True)
