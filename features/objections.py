"""Objections to profiling: customers whom nothing may be learned from, and who are not scored."""

from features.log import Log
from features.windows import Window

SCOPE = "profiling"


def objected_sql(log: Log, cutoff: int) -> str:
    """Write the SELECT of the customers whose latest known word on profiling is no.

    No word is no objection. Of two words at the same instant the objection counts.
    """
    if "consents" not in log.provided:
        return "SELECT CAST(NULL AS VARCHAR) AS customer_id WHERE FALSE"
    known = Window(cutoff).known_sql("changed_at", "known_at")
    return (
        "SELECT customer_id FROM consents "
        f"WHERE scope = '{SCOPE}' AND {known} GROUP BY customer_id "
        "HAVING NOT arg_max(granted, (changed_at, NOT granted))"
    )


def read_objected(log: Log, cutoff: int) -> set[str]:
    """Read the ids of the customers who have objected, as known at a cutoff."""
    return {row[0] for row in log.connection.execute(objected_sql(log, cutoff)).fetchall()}
