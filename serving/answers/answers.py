"""What the models say, put into the form of the answer."""

from collections.abc import Mapping, Sequence, Set
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from features.arrays import FeatureColumns, Floats, History
from features.shop.shop import Shop
from features.windows import DAY, to_datetime
from models.purchase.churn import band
from models.purchase.forecast import P_WITHIN_DAYS, Forecast, make_forecast
from models.registry import Champions
from serving.answers.channels import add_channels
from serving.answers.replenishment import CYCLES, list_due
from serving.schemas.answer_schemas import Answer, Churn, IfReturns, NextPurchase, Value

_LOW_DATA = "too few returns to learn from: a BTYD model answers alone"
_QUANTILES = (0.5, 0.25, 0.75, 0.1, 0.9)  # median, window_50, window_80


def make_answers(
    champions: Champions,
    shop: Shop,
    found: Mapping[str, History],
    features: FeatureColumns,
    as_of: int,
    unspoken: Set[str] = frozenset(),
) -> dict[str, Answer]:
    """Answer for customers who are known and have not objected to profiling.

    Parameters
    ----------
    found : customer id -> history
    features : name -> one value per customer, in the order of `found`
    unspoken : set of str
        Sensitive categories, which no answer names.
    """
    answers = {i: Answer(customer_id=i, status="no_purchase", reason=None) for i in found}
    for place, answer in enumerate(answers.values()):
        answer.activity_group = features["activity_group"][place]
        answer.contact_score = int(features["contact_score"][place])
    buyers = np.flatnonzero(~np.isnan(features["T"]))
    ids = list(found)
    _add_purchases(
        champions,
        shop,
        [answers[ids[b]] for b in buyers],
        _rows(features, buyers),
        as_of,
        unspoken,
    )
    if champions.channel is not None:
        add_channels(champions.channel, shop, answers, found, features, as_of)
    return answers


def _rows(features: FeatureColumns, rows: NDArray[np.intp]) -> FeatureColumns:
    return {name: values[rows] for name, values in features.items()}


def _add_purchases(
    champions: Champions,
    shop: Shop,
    answers: Sequence[Answer],
    features: FeatureColumns,
    as_of: int,
    unspoken: Set[str],
) -> None:
    """Fill in what the purchase models say of each buyer."""
    churn, timing = champions.churn, champions.timing
    for answer in answers:
        answer.status = "ok"
    if churn is None or not answers:
        return
    if timing is None:
        p_churn = churn.predict(features)
    else:
        forecast = make_forecast(churn, timing, features)
        p_churn = forecast.p_churn
        quantiles, expected = (
            forecast.quantile_days(_QUANTILES),
            forecast.expected_days(),
        )
        for place, answer in enumerate(answers):
            answer.next_purchase = _next_purchase(
                forecast.within[place],
                quantiles[place],
                float(expected[place]),
                float(features["gap_median"][place]),
                as_of,
            )
            if CYCLES in features:
                answer.next_purchase.due = list_due(
                    features[CYCLES][place], as_of, churn.horizon_days, unspoken
                )
            answer.value = _value(forecast, place, shop)
    for answer, p, percentile in zip(answers, p_churn, churn.percentile(p_churn), strict=True):
        answer.churn = Churn(
            p_churn=float(p),
            horizon_days=churn.horizon_days,
            percentile=int(percentile),
            band=band(p),
        )
        if churn.is_btyd_alone:
            answer.status = "low_data"
            answer.reason = _LOW_DATA


def _next_purchase(
    within: Floats, quantiles: Floats, expected: float, typical_gap: float, as_of: int
) -> NextPurchase:
    median, low_50, high_50, low_80, high_80 = (_instant(as_of, days) for days in quantiles)
    return NextPurchase(
        p_within={str(days): float(within[days]) for days in P_WITHIN_DAYS},
        expected_at=None if np.isnan(expected) else _instant(as_of, expected),
        if_returns=IfReturns(
            median_at=median, window_50=(low_50, high_50), window_80=(low_80, high_80)
        ),
        typical_gap_days=None if np.isnan(typical_gap) else typical_gap,
    )


def _instant(as_of: int, days: float) -> datetime:
    return to_datetime(as_of + round(days * DAY))


def _value(forecast: Forecast, place: int, shop: Shop) -> Value:
    spend = forecast.expected_spend
    return Value(
        expected_purchases=float(forecast.expected_purchases[place]),
        expected_spend=None if spend is None else float(spend[place] / 10**shop.minor_digits),
        currency=shop.section.currency,
    )
