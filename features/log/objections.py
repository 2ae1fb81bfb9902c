"""Objections to profiling: customers whom nothing may be learned from, and who are not scored."""

import pandas as pd

from features.contract.tables import PROFILING_SCOPE
from features.log.identities import account_customers_sql, history_table_sql
from features.log.log import Log
from features.log.warehouse import Warehouse
from features.windows import MAX_INSTANT


def objecting_customers_sql(log: Warehouse) -> str:
    """Write the SELECT of the customers whose latest word on profiling, to any store, is no.

    Their accounts are among them, since before an identity is known an account is a customer.

    No word is no objection; of two words at the same instant the objection counts. There is no
    cutoff here, on purpose: who objects today is not learned from, however old the data.
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


def drop_objecting_customers(log: Log, frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the rows of customers who have objected: column `customer_id` -> same columns."""
    objected = {row[0] for row in log.connection.execute(objecting_customers_sql(log)).fetchall()}
    return frame[~frame["customer_id"].isin(objected)].reset_index(drop=True)
