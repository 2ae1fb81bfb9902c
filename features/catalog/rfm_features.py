"""Declares the RFM features: recency, frequency, spend, and the scores made of them."""

from features.language.feature import Aggregate, Derived, Feature, Quantiles

RFM: list[Feature] = [
    Aggregate(
        name="frequency",
        relation="purchase_days",
        aggregate="count",
        value="gap_days",
        description=(
            "days with a purchase after the first such day (BTYD x); 0 for a one-time buyer"
        ),
        sentence="{purchases_after_first}",
        unit="days",
        family="RFM",
    ),
    Aggregate(
        name="recency",
        relation="purchase_days",
        aggregate="max",
        value="age_days",
        description="days from the first to the last purchase (BTYD t_x); 0 for a one-time buyer",
        sentence="Last purchase {value} after the first",
        unit="days",
        family="RFM",
    ),
    Aggregate(
        name="T",
        relation="purchase_days",
        aggregate="max",
        value="cutoff_day - day",
        description="days from the first purchase to the cutoff (BTYD T)",
        sentence="First purchase {value} ago",
        unit="days",
        family="RFM",
    ),
    Aggregate(
        name="monetary_value",
        relation="purchase_days",
        aggregate="mean",
        value="amount",
        description=(
            "mean spend on a purchase day, the first one left out; empty for a one-time buyer"
        ),
        sentence="Mean spend on a purchase day, after the first: {value}",
        unit="minor units",
        family="RFM",
        where="gap_days IS NOT NULL",
    ),
    Derived(
        name="days_since_last",
        expression="T - recency",
        description="days since the last purchase",
        sentence="Last purchase {value} ago",
        unit="days",
        family="RFM",
    ),
    Aggregate(
        name="orders_count",
        relation="purchases",
        aggregate="count",
        value="happened_at",
        description="orders ever, cancelled ones left out as everywhere unless said otherwise",
        sentence="{value} so far",
        unit="orders",
        family="RFM",
    ),
    Aggregate(
        name="order_amount_sum",
        relation="purchases",
        aggregate="sum",
        value="amount",
        description="spend ever",
        sentence="Spend so far: {value}",
        unit="minor units",
        family="RFM",
    ),
]

RFM_QUANTILES = (
    Quantiles(
        name="r",
        feature="days_since_last",
        percents=(20, 40, 60, 80),
    ),
    Quantiles(
        name="f",
        feature="orders_count",
        percents=(20, 40, 60, 80),
    ),
    Quantiles(
        name="m",
        feature="order_amount_sum",
        percents=(20, 40, 60, 80),
    ),
)


def _score(feature: str, quantiles: str, rising: bool) -> str:
    """Write a score of 1 to 5: how many of the population's four quintile bounds are passed."""
    passed = ">" if rising else "<="
    bounds = (20, 40, 60, 80)
    steps = (f'CASE WHEN {feature} {passed} "@{quantiles}:{b}" THEN 1 ELSE 0 END' for b in bounds)
    return f"CASE WHEN {feature} IS NOT NULL THEN 1 + {' + '.join(steps)} END"


_SEGMENTS = """CASE
 WHEN r_score >= 4 AND f_score >= 4 AND m_score >= 4 THEN 'champions'
 WHEN r_score >= 3 AND f_score >= 4 THEN 'loyal'
 WHEN r_score >= 4 AND f_score >= 2 THEN 'potential loyalists'
 WHEN r_score >= 4 THEN 'new'
 WHEN r_score = 3 AND f_score <= 2 THEN 'promising'
 WHEN r_score = 3 THEN 'need attention'
 WHEN f_score >= 4 AND m_score >= 4 THEN 'cannot lose'
 WHEN f_score >= 3 THEN 'at risk'
 WHEN r_score = 2 THEN 'about to sleep'
 WHEN r_score = 1 THEN 'hibernating'
 END"""

RFM_SCORES: list[Feature] = [
    Derived(
        name="r_score",
        expression=_score("days_since_last", "r", rising=False),
        description=(
            "recency score among all buyers: 5 for the fifth that bought last, 1 for the longest "
            "silent"
        ),
        unit="1 to 5",
        family="RFM",
    ),
    Derived(
        name="f_score",
        expression=_score("orders_count", "f", rising=True),
        description="frequency score among all buyers: 5 for the fifth with the most orders",
        unit="1 to 5",
        family="RFM",
    ),
    Derived(
        name="m_score",
        expression=_score("order_amount_sum", "m", rising=True),
        description="money score among all buyers: 5 for the fifth that spent most",
        unit="1 to 5",
        family="RFM",
    ),
    Derived(
        name="rfm_segment",
        expression=_SEGMENTS,
        description="segment named by the three scores, from champions to hibernating",
        unit="name",
        family="RFM",
        kind="text",
    ),
]
