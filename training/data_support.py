"""Assesses which predictions a shop's log can support, and the least data that is missing."""

from collections.abc import Iterator
from typing import Literal

import msgspec

from features.contract.casts import quote
from features.contract.tables import EVENT_TYPES
from features.engines.sql.feature_queries import category_days_sql, purchase_days_sql
from features.log.log import Log
from features.log.objections import objecting_customers_sql
from features.windows import DAY, Window
from models.arms import NO_MESSAGE
from models.channel.model import MIN_RANDOMISED
from models.kinds import CHANNEL, CHURN, TIMING
from models.purchase import churn_fit, timing_fit
from models.purchase.churn_fit import MIN_CUSTOMERS, MIN_REPEATS, level_of_counts
from models.purchase.value_fit import MIN_REPEATERS
from training.channel.draws.drawn_messages import read_drawn_messages
from training.channel.job import MIN_MESSAGES, count_messages, explain_missing_messages
from training.channel.tree_challenger import RICH_RANDOMISED
from training.labels import count_returns
from training.purchase.holes import find_holes
from training.purchase.slice_cutoffs import (
    MIN_HISTORY_DAYS,
    has_history,
    holdout_cutoff,
    name_holes_in_the_way,
    walk_training_origins,
    year_ago_origin,
)

Verdict = Literal["supported", "low_data", "not_possible"]

_YEAR, _TWO_YEARS = 365, 728  # two years less the ends of the first and the last day
# The least that tables beside orders must hold for the predictions that read them.
_CYCLE_PURCHASES, _MIN_CYCLES = 3, 300
_BROWSING_SHARE = 0.3


class Support(msgspec.Struct, frozen=True):
    """The verdict on one prediction: how well the shop's data support it, and what is missing.

    Attributes
    ----------
    prediction : str
        Name of the prediction: one of the three models, or value, season, replenishment, browsing.
    verdict : {"supported", "low_data", "not_possible"}
        Trained in full; answered from a simpler model or from associations; not answered.
    basis : str
        The counts that the verdict rests on, as a text.
    missing : list of str
        The least that would lift the verdict; empty where it is `supported`.
    """

    prediction: str
    verdict: Verdict
    basis: str
    missing: list[str]


def assess(log: Log) -> list[Support]:
    """Assess each prediction by the counts that a training on this log would meet.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.

    Returns
    -------
    list of Support
        One verdict per prediction: churn, timing, value, channel, season, replenishment, browsing.
    """
    horizon = log.shop.section.horizon_days
    cutoff = holdout_cutoff(log, horizon)
    trains = has_history(log, cutoff, horizon)
    known = cutoff if trains else log.observed_until
    drawn = read_drawn_messages(log, known).counts
    return [
        *(_purchases(log, cutoff) if trains else _short(log, cutoff)),
        _value(log, known),
        _channel(log, known, drawn),
        _season(log, known),
        _replenishment(log, known),
        _browsing(log),
    ]


_MIN_RETURNS = {CHURN: churn_fit.MIN_RETURNS, TIMING: timing_fit.MIN_RETURNS}
_INSTEAD = {
    CHURN: "a BTYD model, or the base rate for all",
    TIMING: "a BTYD model, or the law of all returns",
}


def _short(log: Log, cutoff: int) -> Iterator[Support]:
    """State for both purchase models how many days of history are missing."""
    section = log.shop.section
    needed = MIN_HISTORY_DAYS + 2 * (section.horizon_days + section.settle_days) + 1
    days = _history_days(log)
    missing = f"{max(needed - days, 1):,} more days of orders, or a shorter horizon_days"
    holes = name_holes_in_the_way(log, cutoff, section.horizon_days)
    if holes is not None:
        missing = f"the purchases from {holes}, or a shorter horizon_days"
    for prediction in _MIN_RETURNS:
        yield Support(prediction, "not_possible", f"{days:,} days of orders", [missing])


def _history_days(log: Log) -> int:
    return (log.observed_until - log.first_order_at) // DAY


def _purchases(log: Log, cutoff: int) -> Iterator[Support]:
    """Assess the churn and the timing model, which learn from the same slices."""
    horizon = log.shop.section.horizon_days
    customers, repeats = _count_repeats(log, cutoff)
    if level_of_counts(customers, repeats, 0) == "none":
        basis = f"{repeats:,} repeat purchases of {customers:,} customers"
        until = f"{MIN_REPEATS - repeats:,} more repeat purchases; until then no prediction"
        for prediction in _MIN_RETURNS:
            yield Support(prediction, "low_data", basis, [until])
        return
    origins = list(walk_training_origins(log, cutoff, horizon))
    returns = sum(count_returns(log, Window(o, horizon=horizon), cutoff) for o in origins)
    basis = f"{returns:,} returns within {horizon} days of {len(origins)} cutoffs"
    for prediction, floor in _MIN_RETURNS.items():
        lacks = {"returns": floor - returns, "customers": MIN_CUSTOMERS - customers}
        missing = [f"{count:,} more {what}" for what, count in lacks.items() if count > 0]
        if missing:
            missing[-1] += f"; until then {_INSTEAD[prediction]}"
        yield Support(prediction, "low_data" if missing else "supported", basis, missing)


def _count_repeats(log: Log, cutoff: int) -> tuple[int, int]:
    """Count the customers known at a cutoff without objections, and their repeat purchases."""
    counts = log.connection.execute(
        "SELECT count(DISTINCT customer_id), count(gap_days) "
        f"FROM ({purchase_days_sql(log, cutoff)}) "
        f"WHERE customer_id NOT IN ({objecting_customers_sql(log)})"
    )
    customers, repeats = counts.fetchall()[0]
    return int(customers), int(repeats)


def _enough(prediction: str, count: int, floor: int, basis: str, what: str) -> Support:
    if count >= floor:
        return Support(prediction, "supported", basis, [])
    return Support(prediction, "low_data", basis, [f"{floor - count:,} more {what}"])


def _value(log: Log, cutoff: int) -> Support:
    """Assess expected spend: Gamma-Gamma needs customers who paid on a repeat purchase day."""
    if "amount" not in log.provided["orders"]:
        return Support("value", "not_possible", "orders without amounts", ["orders.amount"])
    days = purchase_days_sql(log, cutoff)
    repeaters = log.connection.execute(
        f"SELECT count(*) FROM (SELECT customer_id FROM ({days}) WHERE gap_days IS NOT NULL "
        "GROUP BY customer_id HAVING avg(amount) > 0)"
    ).fetchall()[0][0]
    basis = f"{repeaters:,} customers with a paid repeat purchase"
    return _enough("value", repeaters, MIN_REPEATERS, basis, "of them")


def _channel(log: Log, cutoff: int, drawn: dict[str, int]) -> Support:
    """Assess the channel model by the messages of a year, and the draws among them.

    Whether a training is possible is said by the training itself. Where it is possible only at the
    end of the data, it is a training without a holdout.
    """
    if "messages" not in log.provided:
        return Support(CHANNEL, "not_possible", "no messages", ["the table messages"])
    sends = count_messages(log, cutoff)
    if explain_missing_messages(log, cutoff) is not None:
        return _too_few_messages(log, sends)
    counted = dict.fromkeys(sends, 0) | drawn
    counted[NO_MESSAGE] = counted.pop(NO_MESSAGE, 0)  # last, and there even if it never was an arm
    return _channel_level(log, counted)


def _too_few_messages(log: Log, sends: dict[str, tuple[int, int]]) -> Support:
    """State what a training at the usual cutoff lacks, and whether one at the end does not."""
    total = sum(count for count, _ in sends.values())
    basis, missing = f"{total:,} messages", f"{MIN_MESSAGES - total:,} more"
    if total >= MIN_MESSAGES:
        basis, missing = f"{total:,} messages, all {NO_MESSAGE}", f"any besides {NO_MESSAGE}"
    missing += " in the year before the cutoff"
    if explain_missing_messages(log, log.observed_until) is None:
        return Support(CHANNEL, "low_data", basis, [f"{missing}; until then train --cutoff end"])
    return Support(CHANNEL, "not_possible", basis, [missing])


def _channel_level(log: Log, drawn: dict[str, int]) -> Support:
    missing = [
        f"{MIN_RANDOMISED - count:,} more randomised sends of {arm}"
        for arm, count in drawn.items()
        if count < MIN_RANDOMISED
    ]
    level = name_level(drawn)
    if "consents" not in log.provided and not log.shop.channels.assume_consent:
        missing.append("the table consents (or channels.assume_consent): nobody may be asked")
    counts = ", ".join(f"{arm} {count:,}" for arm, count in drawn.items())
    verdict: Verdict = "low_data" if missing else "supported"
    return Support(CHANNEL, verdict, f"{level}; randomised sends: {counts}", missing)


def name_level(drawn: dict[str, int]) -> str:
    """Name the level of the channel model that a training on so many random draws will reach.

    Between `exploring` and `rich` the training decides, by what trees earn on unseen customers.

    Parameters
    ----------
    drawn : dict of str to int
        Randomised sends by arm, the arm `none` among them.

    Returns
    -------
    str
        `observational`, `exploring`, or `exploring, or rich`.
    """
    identified = [count for count in drawn.values() if count >= MIN_RANDOMISED]
    if len(identified) < 2:
        return "observational"
    return "exploring" if min(identified) < RICH_RANDOMISED else "exploring, or rich"


def _season(log: Log, cutoff: int) -> Support:
    """Assess the season: it is seen once after a year, and told from a trend after two."""
    days = _history_days(log)
    basis = f"{days:,} days of orders"
    holes = find_holes(log, cutoff)
    if holes and year_ago_origin(log, cutoff, log.shop.section.horizon_days) is None:
        missing = f"the purchases from {' and '.join(map(str, holes))}"
        return Support("season", "low_data", basis, [missing])
    if days < _YEAR:
        return Support("season", "not_possible", basis, [f"{_YEAR - days} more days of orders"])
    if days < _TWO_YEARS:
        missing = f"{_TWO_YEARS - days} more days, to tell a season from a trend"
        return Support("season", "low_data", basis, [missing])
    return Support("season", "supported", basis, [])


def _replenishment(log: Log, cutoff: int) -> Support:
    """Assess cycles: customers who bought of one category on three days or more."""
    needed = {
        "the table order_lines": "order_lines" in log.provided,
        "products.category": "category" in log.provided.get("products", ()),
    }
    missing = [name for name, given in needed.items() if not given]
    if missing:
        return Support("replenishment", "not_possible", "no basket by category", missing)
    cycles = log.connection.execute(
        f"SELECT count(*) FROM ({category_days_sql(log, cutoff)}) WHERE days >= {_CYCLE_PURCHASES}"
    ).fetchall()[0][0]
    basis = f"{cycles:,} customers' categories bought on {_CYCLE_PURCHASES} days or more"
    return _enough("replenishment", cycles, _MIN_CYCLES, basis, "of them")


def _browsing(log: Log) -> Support:
    """Assess browsing: whether the customers who buy are also seen before it."""
    if "events" not in log.provided:
        return Support("browsing", "not_possible", "no events", ["the table events"])
    types = ", ".join(map(quote, EVENT_TYPES))
    buyers, seen = log.connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE customer_id IN "
        f"(SELECT customer_id FROM events WHERE event_type IN ({types}))) "
        "FROM (SELECT DISTINCT customer_id FROM orders)"
    ).fetchall()[0]
    basis = (
        f"{log.count('events'):,} events; {100 * seen / buyers:.0f} % of the buyers seen in them"
    )
    if seen >= _BROWSING_SHARE * buyers:
        return Support("browsing", "supported", basis, [])
    missing = f"events of {100 * _BROWSING_SHARE:.0f} % of the buyers, under the ids of orders"
    return Support("browsing", "low_data", basis, [missing])
