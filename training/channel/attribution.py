"""Attributes each order to one message at most; used in reports alone.

The credit goes to one of the messages sent to the order's customer within the window before
it: the last one that was clicked before the order, else the last one sent. Opens give no credit.
Nothing is learned from this and no policy is valued by it, because crediting messages always
shows that messages work.
"""

import pandas as pd

from features.contract.casts import quote
from features.engines.sql.feature_queries import purchases_sql
from features.log.identities import messages_sql
from features.log.log import Log
from features.windows import DAY
from models.arms import NO_MESSAGE


def attribute_orders(log: Log, first: int, known_until: int, window_days: int) -> pd.DataFrame:
    """Count, by channel, the orders that are attributed to messages sent after an instant.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    first : int
        Only messages sent after this instant (UTC microseconds) get credit.
    known_until : int
        Last instant (UTC microseconds) that may be known.
    window_days : int
        Days after a message within which an order may be credited to it.

    Returns
    -------
    DataFrame
        One row per channel: `channel`, `messages` (sent), `orders` (credited), `amount` (of those
        orders, minor units); the channel with the most orders first.
    """
    messages = (
        f"SELECT * FROM ({messages_sql(log, known_until)}) WHERE channel <> {quote(NO_MESSAGE)} "
        f"AND sent_at > {first} AND known_at <= {known_until}"
    )
    credited = (
        "SELECT o.number, o.amount, m.channel, row_number() OVER (PARTITION BY o.number ORDER BY "
        "coalesce(m.clicked_at <= o.happened_at, FALSE) DESC, "
        "CASE WHEN m.clicked_at <= o.happened_at THEN m.clicked_at ELSE m.sent_at END DESC, "
        "m.message_id) AS place "
        f"FROM (SELECT *, row_number() OVER () AS number FROM ({purchases_sql(log, known_until)})) "
        "AS o JOIN messages AS m ON m.customer_id = o.customer_id AND m.sent_at < o.happened_at "
        f"AND o.happened_at <= m.sent_at + {window_days * DAY}"
    )
    return log.connection.execute(
        f"WITH messages AS ({messages}), credited AS ({credited}), sent AS "
        "(SELECT channel, count(*) AS messages FROM messages GROUP BY channel) "
        "SELECT channel, any_value(messages) AS messages, count(number) AS orders, "
        "coalesce(sum(amount), 0)::DOUBLE AS amount FROM sent LEFT JOIN "
        "(SELECT * FROM credited WHERE place = 1) USING (channel) "
        "GROUP BY channel ORDER BY orders DESC, channel"
    ).df()
