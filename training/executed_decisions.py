"""Decisions that were carried out: messages joined to the decision that they name.

The decision table knows the chance with which a channel was drawn; a message that carries its
`decision_id` need not repeat it. A decision without a message was not carried out, and teaches
nothing; a message through another channel than was decided was not drawn.
"""

import pandas as pd

from features.ledgers.decisions import decisions_path, open_decisions
from features.log.identities import messages_sql
from features.log.log import Log

_AT_ONCE = 10_000
_TABLE = "decided"


def decided_messages_sql(log: Log, known_until: int) -> str:
    """Write the SELECT of all messages, `propensity` and `arm` as the decision table has them.

    A message that names no decision, or one that the table does not know, keeps its own.
    """
    messages = messages_sql(log, known_until)
    if log.shop.decisions.url is None and not decisions_path(log.shop).exists():
        return messages
    _load(log)
    return (
        f"SELECT m.* REPLACE ({_as_decided('propensity')}, {_as_decided('arm')}) "
        f"FROM ({messages}) AS m LEFT JOIN {_TABLE} AS d ON d.decision_id = m.decision_id"
    )


def _as_decided(column: str) -> str:
    return (
        f"CASE WHEN d.decision_id IS NULL THEN m.{column} "
        f"WHEN d.channel = m.channel THEN d.{column} END AS {column}"
    )


def _load(log: Log) -> None:
    """Copy what learning needs of the decision table into the log's database, once."""
    if _TABLE in {row[0] for row in log.connection.execute("SHOW TABLES").fetchall()}:
        return
    table = open_decisions(log.shop)
    try:
        rows = [
            # with one arm eligible nothing was drawn, whichever tag it fell under
            (one.decision_id, one.channel, one.propensity if one.propensity < 1 else None, one.arm)
            for some in table.rows(_AT_ONCE)
            for one in some
        ]
    finally:
        table.close()
    frame = pd.DataFrame(rows, columns=["decision_id", "channel", "propensity", "arm"])
    log.connection.register("_decided", frame.astype({"propensity": float}))
    log.connection.execute(
        f"CREATE TABLE {_TABLE} AS SELECT decision_id::VARCHAR AS decision_id, "
        "channel::VARCHAR AS channel, propensity, arm::VARCHAR AS arm FROM _decided"
    )
    log.connection.unregister("_decided")
