"""Learns from a log at which local times customers respond to messages."""

import numpy as np
from numpy.typing import NDArray

from features.engines.sql.feature_queries import purchases_sql
from features.log.identities import messages_sql
from features.log.log import Log
from features.log.objections import objecting_customers_sql
from features.windows import Window
from models.arms import NO_MESSAGE
from models.channel.best_moment import Moments
from models.channel.best_moment_fit import fit_moments
from training.labels import make_message_labels


def train_moments(log: Log, first: int, cutoff: int) -> Moments:
    """Fit the best moments of each channel to the messages sent after an instant.

    Only what is known at the cutoff is read: a message whose window is still open is left out.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    first : int
        Only messages, orders and clicks after this instant (UTC microseconds) are read.
    cutoff : int
        Last instant known (UTC microseconds).

    Returns
    -------
    Moments
        Response by local weekday and hour, for each channel.
    """
    labels = make_message_labels(log, log.shop.channels.window_days, cutoff)
    sent = labels[(labels["sent_at"] > first) & (labels["channel"] != NO_MESSAGE)]
    orders = f"SELECT customer_id, happened_at FROM ({purchases_sql(log, cutoff)})"
    clicks = (
        f"SELECT customer_id, clicked_at AS happened_at FROM ({messages_sql(log, cutoff)}) "
        f"WHERE {Window(cutoff).known_sql('sent_at', 'clicked_known_at')}"
    )
    ordered_at, clicked_at = (_read_instants(log, query, first) for query in (orders, clicks))
    return fit_moments(sent, ordered_at, clicked_at, log.shop.timezone)


def _read_instants(log: Log, query: str, first: int) -> NDArray[np.int64]:
    """Read `happened_at` of a query, after `first` and of customers without an objection."""
    columns = log.connection.execute(
        f"SELECT happened_at FROM ({query}) WHERE happened_at > {first} "
        f"AND customer_id NOT IN ({objecting_customers_sql(log)})"
    ).fetchnumpy()
    return np.asarray(columns["happened_at"], dtype=np.int64)
