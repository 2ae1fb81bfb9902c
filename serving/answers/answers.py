"""Fills the answers of customers with the predictions of the champions."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.arrays import FeatureColumns, Floats, History
from features.shop.shop import Shop
from features.windows import DAY, to_datetime
from models.purchase.churn import ChurnLevel, ChurnModel, band
from models.purchase.forecast import P_WITHIN_DAYS, Forecast, make_forecast
from models.purchase.timing import TimingModel
from models.registry import Champions
from serving.answers.replenishment import CYCLES_LISTING, list_due
from serving.schemas.answer_schemas import Answer, Churn, IfReturns, NextPurchase, Value

# What an answer with the status `low_data` rests on, by the level of the churn model.
_LOW_DATA: dict[ChurnLevel, str] = {
    "btyd": "too few returns or customers to learn from: a BTYD model answers alone",
    "base_rate": "too few returns or customers to tell customers apart: everybody's chance is the "
    "share of this shop's customers who came back in the past",
    "none": "hardly anybody has ever come back to this shop: nothing is known of who will, or when",
}
_LEARNS_WHETHER_ONLY = (
    "too few returns to learn when customers come back: a BTYD model, or the law of all returns, "
    "says when"
)
_QUANTILES = (0.5, 0.25, 0.75, 0.1, 0.9)  # median, window_50, window_80


def make_answers(
    champions: Champions,
    shop: Shop,
    histories: Mapping[str, History],
    features: FeatureColumns,
    as_of: int,
    sensitive_categories: Set[str] = frozenset(),
) -> dict[str, Answer]:
    """Make the answers for customers who are known and do not object to profiling.

    `serving.answers.channels.fill_in_channels` fills in their channels.

    Parameters
    ----------
    champions : Champions
        The promoted models; the section of a model that was not promoted stays null.
    shop : Shop
        Settings of nextbuy.toml.
    histories : dict of customer id to History
        The rows of each customer, by table.
    features : dict of feature name to array (n,)
        One value per customer, in the order of `histories`.
    as_of : int
        Instant in microseconds since 1970 (UTC) that the answers speak of.
    sensitive_categories : set of str
        Names of categories that no answer may name.

    Returns
    -------
    dict of customer id to Answer
        In the order of `histories`. The status is `no_purchase` for a contact without a purchase,
        `low_data` where there was too little to learn from, otherwise `ok`.
    """
    answers = {i: Answer(customer_id=i, status="no_purchase", reason=None) for i in histories}
    for row_index, answer in enumerate(answers.values()):
        answer.activity_group = features["activity_group"][row_index]
        answer.contact_score = int(features["contact_score"][row_index])
    buyers = np.flatnonzero(~np.isnan(features["T"]))
    ids = list(histories)
    _fill_in_purchases(
        champions,
        shop,
        [answers[ids[row_index]] for row_index in buyers],
        _select_rows(features, buyers),
        as_of,
        sensitive_categories,
    )
    return answers


def _select_rows(features: FeatureColumns, rows: NDArray[np.intp]) -> FeatureColumns:
    return {name: values[rows] for name, values in features.items()}


def _fill_in_purchases(
    champions: Champions,
    shop: Shop,
    answers: Sequence[Answer],
    features: FeatureColumns,
    as_of: int,
    sensitive_categories: Set[str],
) -> None:
    """Fill in churn, next purchase and value for customers with a purchase.

    Parameters
    ----------
    answers : sequence of n Answer
        The answers of the buyers, changed in place.
    features : dict of feature name to array (n,)
        One value per buyer, in the order of `answers`.
    """
    churn, timing = champions.churn, champions.timing
    for answer in answers:
        answer.status = "ok"
    if churn is None or not answers:
        return
    _state_level(answers, churn, timing)
    if churn.level == "none":
        return
    if timing is None:
        p_churn = churn.predict(features)
    else:
        forecast = make_forecast(churn, timing, features)
        p_churn = forecast.p_churn
        _fill_in_forecast(answers, forecast, shop, features, as_of)
        if CYCLES_LISTING in features:
            for answer, cycles in zip(answers, features[CYCLES_LISTING], strict=True):
                if answer.next_purchase is not None:
                    answer.next_purchase.due = list_due(
                        cycles, as_of, churn.horizon_days, sensitive_categories
                    )
    _fill_in_churn(answers, churn, p_churn)


def _state_level(answers: Sequence[Answer], churn: ChurnModel, timing: TimingModel | None) -> None:
    """State in each answer whether there was too little to learn from, and what answers instead."""
    reason = _LOW_DATA.get(churn.level)
    if reason is None and timing is not None and timing.booster is None:
        reason = _LEARNS_WHETHER_ONLY
    for answer in answers:
        answer.status = "ok" if reason is None else "low_data"
        answer.reason = reason


def _fill_in_forecast(
    answers: Sequence[Answer],
    forecast: Forecast,
    shop: Shop,
    features: FeatureColumns,
    as_of: int,
) -> None:
    """Fill in next purchase and value; row i of the forecast belongs to answer i."""
    quantiles, expected = forecast.quantile_days(_QUANTILES), forecast.expected_days()
    for row_index, answer in enumerate(answers):
        answer.next_purchase = _next_purchase(
            forecast.within[row_index],
            quantiles[row_index],
            float(expected[row_index]),
            float(features["gap_median"][row_index]),
            as_of,
        )
        answer.value = _value(forecast, row_index, shop)


def _fill_in_churn(answers: Sequence[Answer], churn: ChurnModel, p_churn: Floats) -> None:
    for answer, p, percentile in zip(answers, p_churn, churn.percentile(p_churn), strict=True):
        answer.churn = Churn(
            p_churn=float(p),
            horizon_days=churn.horizon_days,
            percentile=int(percentile),
            band=band(p),
        )


def _next_purchase(
    within: Floats, quantiles: Floats, expected: float, typical_gap: float, as_of: int
) -> NextPurchase:
    """Put the forecast for one customer, in days after `as_of`, into instants.

    Parameters
    ----------
    within : array (days,)
        P(next purchase within h days), h being the index.
    quantiles : array (5,)
        Days until the next purchase given a return, at `_QUANTILES`.
    expected : float
        Days by which a purchase is as likely as not; NaN where that is beyond the horizon.
    typical_gap : float
        Median gap of the customer in days; NaN where there is no gap.
    """
    median, low_50, high_50, low_80, high_80 = (_instant_after(as_of, days) for days in quantiles)
    return NextPurchase(
        p_within={str(days): float(within[days]) for days in P_WITHIN_DAYS},
        expected_at=None if np.isnan(expected) else _instant_after(as_of, expected),
        if_returns=IfReturns(
            median_at=median, window_50=(low_50, high_50), window_80=(low_80, high_80)
        ),
        typical_gap_days=None if np.isnan(typical_gap) else typical_gap,
    )


def _instant_after(as_of: int, days: float) -> datetime:
    return to_datetime(as_of + round(days * DAY))


def _why_no_spend(shop: Shop) -> str:
    if not shop.tables["orders"].has_amounts:
        return "the orders of this shop have no amounts"
    return "too few repeat buyers, or too unequal amounts, to predict spend"


def _value(forecast: Forecast, row_index: int, shop: Shop) -> Value:
    """Give the expected purchases and spend of one customer; spend in major units of money."""
    spend = forecast.expected_spend
    return Value(
        expected_purchases=float(forecast.expected_purchases[row_index]),
        expected_spend=None if spend is None else float(spend[row_index] / 10**shop.minor_digits),
        reason=_why_no_spend(shop) if spend is None else None,
        currency=shop.section.currency,
    )
