"""Joins messages to the logged decisions that they carried out.

The decision table knows the chance with which a channel was drawn, the chances of all others and
the instant that it was decided for; a message that carries its `decision_id` need not repeat them.
A decision without a message was not carried out and teaches nothing; a message through another
channel than was decided does not count as drawn.
"""

import msgspec
import pandas as pd

from features.ledgers.decisions import decisions_path, open_decisions
from features.log.identities import messages_sql
from features.log.log import Log

_BLOCK_ROWS = 10_000
_TABLE = "decided"


def decided_messages_sql(log: Log, known_until: int) -> str:
    """Write the SELECT of all messages, with `propensity` and `arm` as the decision table has them.

    A message that names no decision, or one that the table does not know, keeps the values that
    the shop gave. One through another channel than was decided has neither.
    Copies the decision table into the log's database at the first call.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    known_until : int
        Last instant that may be known (UTC microseconds).

    Returns
    -------
    str
        SQL with one row per message and the columns of the table `messages`, and with
        `occasion_at` (the instant of sending of the decision that the message carried out, for
        `none` too; else `sent_at`) and `propensities` (the chances of all channels that could be
        drawn in that decision, a JSON object; null without one).
    """
    messages = messages_sql(log, known_until)
    if log.shop.decisions.url is None and not decisions_path(log.shop).exists():
        undecided = "m.sent_at AS occasion_at, NULL::VARCHAR AS propensities"
        return f"SELECT m.*, {undecided} FROM ({messages}) AS m"
    _load(log)
    carried_out = "CASE WHEN d.channel = m.channel THEN d"
    return (
        f"SELECT m.* REPLACE ({_as_decided('propensity')}, {_as_decided('arm')}), "
        f"coalesce({carried_out}.send_at END, m.sent_at) AS occasion_at, "
        f"{carried_out}.propensities END AS propensities "
        f"FROM ({messages}) AS m LEFT JOIN {_TABLE} AS d ON d.decision_id = m.decision_id"
    )


def _as_decided(column: str) -> str:
    """Write a column as decided: the decision's if the channel is its own, else null."""
    return (
        f"CASE WHEN d.decision_id IS NULL THEN m.{column} "
        f"WHEN d.channel = m.channel THEN d.{column} END AS {column}"
    )


def _load(log: Log) -> None:
    """Copy what a message may take from the decision table into the log's database, once."""
    if _TABLE in {row[0] for row in log.connection.execute("SHOW TABLES").fetchall()}:
        return
    table = open_decisions(log.shop)
    try:
        rows = [
            # where one arm alone was eligible nothing was drawn, whatever its tag says
            (
                d.decision_id,
                d.channel,
                d.propensity if d.propensity < 1 else None,
                d.arm,
                d.send_at,
                msgspec.json.encode(d.propensities).decode(),
            )
            for block in table.rows(_BLOCK_ROWS)
            for d in block
        ]
    finally:
        table.close()
    columns = ["decision_id", "channel", "propensity", "arm", "send_at", "propensities"]
    frame = pd.DataFrame(rows, columns=columns)
    log.connection.register("_decided", frame.astype({"propensity": float, "send_at": "Int64"}))
    log.connection.execute(
        f"CREATE TABLE {_TABLE} AS SELECT decision_id::VARCHAR AS decision_id, "
        "channel::VARCHAR AS channel, propensity, arm::VARCHAR AS arm, "
        "send_at::BIGINT AS send_at, propensities::VARCHAR AS propensities FROM _decided"
    )
    log.connection.unregister("_decided")
