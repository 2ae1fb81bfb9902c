"""Makes labels: what customers did after a cutoff or after a message.

This is the only module that looks past a cutoff; the server cannot import it.
"""

import numpy as np
import pandas as pd

from features.engines.sql.feature_queries import purchases_sql
from features.errors import refuse
from features.log.identities import account_customers_sql, customers_of_accounts
from features.log.log import Log
from features.log.objections import objecting_customers_sql
from features.windows import DAY, Window, to_datetime
from training.executed_decisions import decided_messages_sql

# A message whose channel was drawn with a logged chance, or held out by a control group. The draws
# of a policy's best channel count too: without them only the policy's exceptions would be left.
_RANDOMISED = "coalesce(propensity > 0 AND (propensity < 1 OR arm = 'control'), FALSE)"


def make_labels(log: Log, frame: pd.DataFrame, window: Window, known_until: int) -> pd.DataFrame:
    """Make the purchase labels of the customers at one cutoff.

    A purchase is an order not cancelled as far as known at `known_until`, at
    ``cutoff < ordered_at <= cutoff + horizon``.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    frame : DataFrame
        One row per customer of the slice, with `customer_id`.
    window : Window
        The cutoff and the horizon, in days, after it.
    known_until : int
        Last instant (UTC microseconds) that the labels may know: the cutoff of the model that
        learns from them.

    Returns
    -------
    DataFrame
        Row by row with `frame`: `returned` (bool), `days_to_next` (the first whole h with a
        purchase within h days, 1..H; 0 without one), `purchase_days` (days with a purchase),
        `spend` (minor units; NaN where orders have no amounts).

    Raises
    ------
    InputError
        The window ends, with the shop's settle time, after `known_until`: it is censored.
    """
    check_window_closed(log, window, known_until)
    purchases = purchases_sql(log, known_until)
    frame = frame.assign(customer_id=customers_of_accounts(log, frame["customer_id"], known_until))
    outcomes = log.connection.execute(
        f"SELECT customer_id, min({window.days_into_target_sql('happened_at')}) AS days_to_next, "
        "count(DISTINCT day) AS purchase_days, sum(amount) AS spend "
        f"FROM ({purchases}) WHERE {window.target_sql('happened_at')} GROUP BY customer_id"
    ).df()
    labels = frame[["customer_id"]].merge(outcomes, on="customer_id", how="left", validate="m:1")
    labels = labels.drop(columns="customer_id").fillna(0)
    counts = {"days_to_next": int, "purchase_days": int, "spend": float}
    labels = labels.astype(counts).set_index(frame.index)
    if "amount" not in log.provided["orders"]:
        labels["spend"] = np.nan
    return labels.assign(returned=labels["days_to_next"] > 0)


def count_returns(log: Log, window: Window, known_until: int) -> int:
    """Count the customers known at the cutoff who return within the horizon.

    They are those that `make_labels` marks as returned, counted without building any features.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    window : Window
        The cutoff and the horizon, in days, after it.
    known_until : int
        Last instant (UTC microseconds) that the count may know.

    Returns
    -------
    int
        Number of customers, those who objected to profiling left out.

    Raises
    ------
    InputError
        The window ends, with the shop's settle time, after `known_until`.
    """
    check_window_closed(log, window, known_until)
    known = f"SELECT DISTINCT customer_id FROM ({purchases_sql(log, window.cutoff)})"
    later = purchases_sql(log, known_until)
    customers_now = account_customers_sql(known_until)
    counts = log.connection.execute(
        f"SELECT count(*) FROM ({known}) AS known LEFT JOIN ({customers_now}) AS now "
        "ON now.account = known.customer_id WHERE coalesce(now.customer_id, known.customer_id) IN "
        f"(SELECT customer_id FROM ({later}) WHERE {window.target_sql('happened_at')}) "
        f"AND known.customer_id NOT IN ({objecting_customers_sql(log)})"
    )
    return int(counts.fetchall()[0][0])


def make_message_labels(log: Log, window_days: int, known_until: int) -> pd.DataFrame:
    """Make the labels of the channel model: what each message was followed by.

    They are counted the same way for every channel and for `none`: any purchase by the customer
    at ``sent_at < ordered_at <= sent_at + window_days``, whoever takes credit for it.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    window_days : int
        Days after a message within which a purchase counts.
    known_until : int
        Last instant (UTC microseconds) that the labels may know.

    Returns
    -------
    DataFrame
        One row per message whose window closed by `known_until`, of customers who have not
        objected to profiling: `message_id, account` (the id as it was messaged), `sent_at,
        channel, propensity, randomised` (drawn with a logged chance, or held out by a control
        group), `occasion_at` (UTC microseconds: the instant of sending of the decision that the
        message carried out, for `none` too; else `sent_at`), `chances` (the chances of all
        channels in that decision, a JSON object; None without one), `bought` (by the customer of
        the account, as known at `known_until`), `spend` (what those purchases came to, minor
        units; without amounts, each counts as one unit of the currency), `clicked` (within 24
        hours, as known then).
    """
    labels = log.connection.execute(
        "SELECT m.message_id, any_value(m.account) AS account, any_value(m.sent_at) AS sent_at, "
        "any_value(m.channel) AS channel, any_value(m.propensity) AS propensity, "
        f"any_value({_RANDOMISED}) AS randomised, any_value(m.occasion_at) AS occasion_at, "
        "any_value(m.propensities) AS chances, count(p.happened_at) > 0 AS bought, "
        f"any_value(coalesce(clicked_at <= sent_at + {DAY} "
        f"AND clicked_known_at <= {known_until}, FALSE)) AS clicked, "
        f"coalesce(sum({_spend_sql(log)}), 0)::DOUBLE AS spend "
        f"FROM ({decided_messages_sql(log, known_until)}) AS m "
        f"LEFT JOIN ({purchases_sql(log, known_until)}) AS p ON p.customer_id = m.customer_id "
        f"AND p.happened_at > m.sent_at AND p.happened_at <= m.sent_at + {window_days * DAY} "
        f"WHERE {_closed_sql(log, window_days, known_until)} "
        "GROUP BY m.message_id ORDER BY sent_at, m.message_id"
    ).df()
    chances = labels["chances"].astype(object)
    return labels.assign(chances=chances.where(chances.notna(), None))


def _spend_sql(log: Log) -> str:
    """Return the SQL of what a purchase `p` came to; NULL for a message without one."""
    if "amount" in log.provided["orders"]:
        return "p.amount"
    return f"CASE WHEN p.happened_at IS NOT NULL THEN {10**log.shop.minor_digits} END"


def count_sends(
    log: Log, first: int, window_days: int, known_until: int
) -> dict[str, tuple[int, int]]:
    """Count by channel the messages that `make_message_labels` would label, sent after an instant.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    first : int
        Only messages sent after this instant (UTC microseconds) count.
    window_days : int
        Days after a message within which a purchase counts.
    known_until : int
        Last instant (UTC microseconds) that may be known.

    Returns
    -------
    dict of str to (int, int)
        By channel, `none` included: all messages, and those whose channel was drawn at random.
    """
    counts = log.connection.execute(
        f"SELECT channel, count(*), count(*) FILTER (WHERE {_RANDOMISED}) "
        f"FROM ({decided_messages_sql(log, known_until)}) AS m "
        f"WHERE {_closed_sql(log, window_days, known_until)} AND sent_at > {first} "
        "GROUP BY channel ORDER BY channel"
    ).fetchall()
    return {channel: (sends, randomised) for channel, sends, randomised in counts}


def _closed_sql(log: Log, window_days: int, known_until: int) -> str:
    """Write the SQL condition of messages `m` whose window is closed, without objectors."""
    settled = known_until - (window_days + log.shop.section.settle_days) * DAY
    return (
        f"{Window(settled).known_sql('m.sent_at', 'm.sent_at')} AND m.known_at <= {known_until} "
        f"AND m.customer_id NOT IN ({objecting_customers_sql(log)})"
    )


def check_window_closed(log: Log, window: Window, known_until: int) -> None:
    """Check that a label window is observed to its end, so that its labels are not censored.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    window : Window
        The cutoff and the horizon, in days, after it.
    known_until : int
        Last instant (UTC microseconds) that labels may know.

    Raises
    ------
    InputError
        The window ends, with the shop's settle time, after `known_until` or the end of the data.
    """
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
