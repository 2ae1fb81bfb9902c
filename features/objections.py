"""Objections to profiling: customers whom nothing may be learned from, and who are not scored."""

import pandas as pd

from features.log import Log

SCOPE = "profiling"


def objected_sql(log: Log) -> str:
    """Write the SELECT of the customers whose latest word on profiling, to any store, is no.

    No word is no objection; of two words at the same instant the objection counts. There is no
    cutoff here, on purpose: who objects today is not learned from, however old the data.
    """
    if "consents" not in log.provided:
        return "SELECT CAST(NULL AS VARCHAR) AS customer_id WHERE FALSE"
    return (
        f"SELECT customer_id FROM consents WHERE scope = '{SCOPE}' GROUP BY customer_id, store "
        "HAVING NOT arg_max(granted, (changed_at, NOT granted))"
    )


def without_objected(log: Log, frame: pd.DataFrame) -> pd.DataFrame:
    """Leave out the rows of customers who have objected: column `customer_id` -> same columns."""
    objected = {row[0] for row in log.connection.execute(objected_sql(log)).fetchall()}
    return frame[~frame["customer_id"].isin(objected)].reset_index(drop=True)
