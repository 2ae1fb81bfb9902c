"""What happened after a cutoff. The only module that looks there; the server cannot import it."""

import pandas as pd

from features.faults import refuse
from features.log import Log
from features.objections import objected_sql
from features.relations import RELATIONS
from features.windows import DAY, Window, to_datetime


def make_labels(log: Log, frame: pd.DataFrame, window: Window, known_until: int) -> pd.DataFrame:
    """Make the labels of one slice.

    A purchase is an order not cancelled as far as known at `known_until`, at
    ``cutoff < ordered_at <= cutoff + horizon``.

    Parameters
    ----------
    frame : DataFrame
        One row per customer of the slice, with `customer_id`.
    known_until : int
        Last instant that the labels may know: the cutoff of the model that learns from them.

    Returns
    -------
    DataFrame
        Row by row with `frame`: `returned` (bool), `days_to_next` (the first whole h with a
        purchase within h days, 1..H; 0 without one), `purchase_days`, `spend` (minor units).

    Raises
    ------
    InputError
        The window ends, with the shop's settle time, after `known_until`: it is censored.
    """
    check_closed(log, window, known_until)
    purchases = RELATIONS["purchases"].sql(Window(known_until))
    found = log.connection.execute(
        f"SELECT customer_id, min({window.days_into_target_sql('happened_at')}) AS days_to_next, "
        "count(DISTINCT day) AS purchase_days, sum(amount) AS spend "
        f"FROM ({purchases}) WHERE {window.target_sql('happened_at')} GROUP BY customer_id"
    ).df()
    labels = frame[["customer_id"]].merge(found, on="customer_id", how="left", validate="1:1")
    labels = labels.drop(columns="customer_id").fillna(0)
    counts = {"days_to_next": int, "purchase_days": int, "spend": float}
    labels = labels.astype(counts).set_index(frame.index)
    return labels.assign(returned=labels["days_to_next"] > 0)


def make_message_labels(log: Log, window_days: int, known_until: int) -> pd.DataFrame:
    """Make the labels of the channel model: what each message was followed by.

    Counted the same way for every channel and for `none`: any purchase by the customer at
    ``sent_at < ordered_at <= sent_at + window_days``, whoever takes credit for it.

    Returns
    -------
    DataFrame
        One row per message whose window closed by `known_until`, of customers who have not
        objected to profiling: `message_id, customer_id, sent_at, channel, randomised`
        (drawn at random among several arms, or held out by a control group), `bought`.
    """
    purchases = RELATIONS["purchases"].sql(Window(known_until))
    settled = known_until - (window_days + log.shop.section.settle_days) * DAY
    objected = objected_sql(log)
    return log.connection.execute(
        "SELECT message_id, m.customer_id, sent_at, channel, "
        "coalesce(propensity > 0 AND (arm = 'control' OR arm = 'random' AND propensity < 1), "
        "FALSE) AS randomised, "
        f"EXISTS (FROM ({purchases}) AS p WHERE p.customer_id = m.customer_id "
        f"AND p.happened_at > m.sent_at AND p.happened_at <= m.sent_at + {window_days * DAY}"
        ") AS bought "
        f"FROM messages AS m WHERE {Window(settled).known_sql('m.sent_at', 'm.sent_at')} "
        f"AND m.known_at <= {known_until} AND m.customer_id NOT IN ({objected}) "
        "ORDER BY sent_at, message_id"
    ).df()


def check_closed(log: Log, window: Window, known_until: int) -> None:
    """Refuse a window whose end is not observed: its labels would be censored."""
    settled = window.end + log.shop.section.settle_days * DAY
    last = min(known_until, log.observed_until)
    if settled > last:
        raise refuse(
            "cutoff",
            f"one whose {window.horizon} days (and {log.shop.section.settle_days} to settle) end "
            f"by {to_datetime(last):%Y-%m-%d %H:%M} UTC",
            f"{to_datetime(window.cutoff):%Y-%m-%d %H:%M} UTC",
            "Use an earlier cutoff or a shorter shop.horizon_days.",
        )
