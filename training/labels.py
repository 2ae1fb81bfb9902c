"""What happened after a cutoff. The only module that looks there; the server cannot import it."""

import pandas as pd

from features.engines.sql.feature_build import purchases_sql
from features.errors import refuse
from features.log.identities import account_customers_sql, customers_of_accounts
from features.log.log import Log
from features.log.objections import objecting_customers_sql
from features.windows import DAY, Window, to_datetime
from training.executed_decisions import executed_sql

# A message whose channel was drawn with a logged chance, or held out by a control group. What a
# policy drew as the best is among them: leaving it out would leave a log of its exceptions.
_RANDOMISED = "coalesce(propensity > 0 AND (propensity < 1 OR arm = 'control'), FALSE)"


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
    purchases = purchases_sql(log, known_until)
    frame = frame.assign(customer_id=customers_of_accounts(log, frame["customer_id"], known_until))
    found = log.connection.execute(
        f"SELECT customer_id, min({window.days_into_target_sql('happened_at')}) AS days_to_next, "
        "count(DISTINCT day) AS purchase_days, sum(amount) AS spend "
        f"FROM ({purchases}) WHERE {window.target_sql('happened_at')} GROUP BY customer_id"
    ).df()
    labels = frame[["customer_id"]].merge(found, on="customer_id", how="left", validate="m:1")
    labels = labels.drop(columns="customer_id").fillna(0)
    counts = {"days_to_next": int, "purchase_days": int, "spend": float}
    labels = labels.astype(counts).set_index(frame.index)
    return labels.assign(returned=labels["days_to_next"] > 0)


def count_returns(log: Log, window: Window, known_until: int) -> int:
    """Count the customers known at the cutoff who return within the horizon.

    Those that `make_labels` marks as returned, without building anybody's features.
    """
    check_closed(log, window, known_until)
    known = f"SELECT DISTINCT customer_id FROM ({purchases_sql(log, window.cutoff)})"
    later = purchases_sql(log, known_until)
    customers_now = account_customers_sql(known_until)
    found = log.connection.execute(
        f"SELECT count(*) FROM ({known}) AS known LEFT JOIN ({customers_now}) AS now "
        "ON now.account = known.customer_id WHERE coalesce(now.customer_id, known.customer_id) IN "
        f"(SELECT customer_id FROM ({later}) WHERE {window.target_sql('happened_at')}) "
        f"AND known.customer_id NOT IN ({objecting_customers_sql(log)})"
    )
    return int(found.fetchall()[0][0])


def make_message_labels(log: Log, window_days: int, known_until: int) -> pd.DataFrame:
    """Make the labels of the channel model: what each message was followed by.

    Counted the same way for every channel and for `none`: any purchase by the customer at
    ``sent_at < ordered_at <= sent_at + window_days``, whoever takes credit for it.

    Returns
    -------
    DataFrame
        One row per message whose window closed by `known_until`, of customers who have not
        objected to profiling: `message_id, account` (the id as it was messaged), `sent_at,
        channel, propensity, randomised` (drawn with a logged chance, or held out by a control
        group), `bought` (by the customer of the account, as known at `known_until`), `spend`
        (what those purchases came to, minor units), `clicked` (within 24 hours, as known then).
    """
    return log.connection.execute(
        "SELECT m.message_id, any_value(m.account) AS account, any_value(m.sent_at) AS sent_at, "
        "any_value(m.channel) AS channel, any_value(m.propensity) AS propensity, "
        f"any_value({_RANDOMISED}) AS randomised, count(p.happened_at) > 0 AS bought, "
        f"any_value(coalesce(clicked_at <= sent_at + {DAY} "
        f"AND clicked_known_at <= {known_until}, FALSE)) AS clicked, "
        "coalesce(sum(p.amount), 0)::DOUBLE AS spend "
        f"FROM ({executed_sql(log, known_until)}) AS m "
        f"LEFT JOIN ({purchases_sql(log, known_until)}) AS p ON p.customer_id = m.customer_id "
        f"AND p.happened_at > m.sent_at AND p.happened_at <= m.sent_at + {window_days * DAY} "
        f"WHERE {_closed_sql(log, window_days, known_until)} "
        "GROUP BY m.message_id ORDER BY sent_at, m.message_id"
    ).df()


def count_sends(
    log: Log, first: int, window_days: int, known_until: int
) -> dict[str, tuple[int, int]]:
    """Count by channel the messages of `make_message_labels` sent after `first`.

    Returns
    -------
    dict of str to (int, int)
        All of them, and those drawn at random.
    """
    found = log.connection.execute(
        f"SELECT channel, count(*), count(*) FILTER (WHERE {_RANDOMISED}) "
        f"FROM ({executed_sql(log, known_until)}) AS m "
        f"WHERE {_closed_sql(log, window_days, known_until)} AND sent_at > {first} "
        "GROUP BY channel ORDER BY channel"
    ).fetchall()
    return {channel: (sends, randomised) for channel, sends, randomised in found}


def _closed_sql(log: Log, window_days: int, known_until: int) -> str:
    """Write the condition of the messages `m` to learn from: window closed, no objection."""
    settled = known_until - (window_days + log.shop.section.settle_days) * DAY
    return (
        f"{Window(settled).known_sql('m.sent_at', 'm.sent_at')} AND m.known_at <= {known_until} "
        f"AND m.customer_id NOT IN ({objecting_customers_sql(log)})"
    )


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
