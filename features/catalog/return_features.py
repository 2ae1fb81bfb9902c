"""Declares the features of returns: how much came back, and of which categories."""

from features.language.feature import Aggregate, Derived, Feature

RETURNS: list[Feature] = [
    Aggregate(
        name="returns_count_365d",
        relation="returns",
        aggregate="count",
        value="amount",
        description="returns in 365 days",
        unit="returns",
        family="returns",
        lookback=365,
    ),
    Aggregate(
        name="returns_amount_sum_365d",
        relation="returns",
        aggregate="sum",
        value="amount",
        description="money refunded for the returns of 365 days",
        unit="minor units",
        family="returns",
        lookback=365,
    ),
    Derived(
        name="returns_share_365d",
        expression=(
            "returns_amount_sum_365d / nullif(order_amount_sum_365d + returns_amount_sum_365d, 0)"
        ),
        description=(
            "money refunded over money spent and refunded, in 365 days; empty without either"
        ),
        unit="share",
        family="returns",
    ),
    Aggregate(
        name="days_since_return",
        relation="returns",
        aggregate="min",
        value="cutoff_day - day",
        description="days since the last return; empty without one",
        unit="days",
        family="returns",
    ),
    Aggregate(
        name="returned_category_top",
        relation="returned_categories",
        aggregate="top",
        value="category",
        description="category returned most often in two years; empty if no return names a product",
        unit="name",
        family="returns",
        by="returns",
        kind="text",
    ),
    Aggregate(
        name="returned_category_count",
        relation="returned_categories",
        aggregate="count",
        value="category",
        description=(
            "different categories returned in two years: many speak of the shop, one of the "
            "product or its size"
        ),
        unit="categories",
        family="returns",
    ),
    Aggregate(
        name="returned_category_amount_max",
        relation="returned_categories",
        aggregate="max",
        value="amount",
        description="money refunded in two years for the category with the most of it",
        unit="minor units",
        family="returns",
    ),
]
