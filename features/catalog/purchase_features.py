"""Declares the features of purchases and spending, which every shop has."""

from features.contract.casts import quote
from features.contract.tables import ONLINE_CHANNELS
from features.language.feature import Aggregate, Derived, Feature

_ONLINE = ", ".join(map(quote, ONLINE_CHANNELS))
_LOOKBACKS = (7, 14, 28, 56, 91, 182, 365)

PURCHASES: list[Feature] = [
    Aggregate(
        name="order_amount_mean",
        relation="purchases",
        aggregate="mean",
        value="amount",
        description="mean order amount, ever",
        unit="minor units",
        family="purchases",
    ),
    Aggregate(
        name="order_amount_max",
        relation="purchases",
        aggregate="max",
        value="amount",
        description="largest order amount, ever",
        unit="minor units",
        family="purchases",
    ),
    Aggregate(
        name="order_amount_std",
        relation="purchases",
        aggregate="std",
        value="amount",
        description="standard deviation of the order amounts, ever; empty below two orders",
        sentence="Order amounts vary by {value}",
        unit="minor units",
        family="purchases",
    ),
    Aggregate(
        name="day_amount_last",
        relation="purchase_days",
        aggregate="last",
        value="amount",
        description="spend on the last purchase day",
        unit="minor units",
        family="purchases",
        by="day",
    ),
    *(
        Aggregate(
            name=f"purchase_days_count_{d}d",
            relation="purchase_days",
            aggregate="count",
            value="day",
            description=f"days with a purchase in {d} days",
            unit="days",
            family="purchases",
            lookback=d,
        )
        for d in _LOOKBACKS
    ),
    *(
        Aggregate(
            name=f"order_amount_sum_{d}d",
            relation="purchases",
            aggregate="sum",
            value="amount",
            description=f"spend in {d} days",
            unit="minor units",
            family="purchases",
            lookback=d,
        )
        for d in (28, 91, 365)
    ),
    Derived(
        name="purchase_days_trend_28d",
        expression="2 * purchase_days_count_28d - purchase_days_count_56d",
        description="purchase days of 28 days less those of the 28 before: above 0 buys more often",
        sentence="{signed} with a purchase in 28 days, against the 28 before",
        unit="days",
        family="purchases",
    ),
    Derived(
        name="purchase_days_trend_91d",
        expression="2 * purchase_days_count_91d - purchase_days_count_182d",
        description="purchase days of 91 days less those of the 91 before: above 0 buys more often",
        sentence="{signed} with a purchase in 91 days, against the 91 before",
        unit="days",
        family="purchases",
    ),
    *(
        Aggregate(
            name=f"purchase_days_count_week{w}",
            relation="purchase_days",
            aggregate="count",
            value="day",
            description=f"purchase days from {7 * w} to {7 * w + 6} days ago",
            unit="days",
            family="purchases",
            where=f"day <= cutoff_day - {7 * w} AND day > cutoff_day - {7 * w + 7}",
        )
        for w in (1, 2, 3, 4, 5)
    ),
    Aggregate(
        name="purchase_days_count_year_ago_91d",
        relation="purchase_days",
        aggregate="count",
        value="day",
        description=(
            "purchase days in the 91 days that begin 364 days ago: the coming season, last year"
        ),
        unit="days",
        family="purchases",
        where="day > cutoff_day - 364 AND day <= cutoff_day - 273",
    ),
    Aggregate(
        name="discount_share_mean_365d",
        relation="purchases",
        aggregate="mean",
        value="discount / nullif(amount + discount, 0)",
        description=(
            "mean share of the price that was taken off, over the orders of 365 days; 0 pays "
            "full prices"
        ),
        unit="share",
        family="purchases",
        lookback=365,
    ),
    Aggregate(
        name="discounted_count_365d",
        relation="purchases",
        aggregate="count",
        value="happened_at",
        description="orders of 365 days with a discount",
        unit="orders",
        family="purchases",
        where="discount > 0",
        lookback=365,
    ),
    Aggregate(
        name="cancelled_share_mean",
        relation="orders_known",
        aggregate="mean",
        value="cancelled",
        description="share of all orders that were cancelled",
        unit="share",
        family="purchases",
    ),
    Aggregate(
        name="sales_channel_top",
        relation="sales_channels",
        aggregate="top",
        value="sales_channel",
        description="sales channel of most orders ever; empty if no order names one",
        unit="name",
        family="purchases",
        by="orders",
        kind="text",
    ),
    Aggregate(
        name="sales_channel_last",
        relation="sales_channels",
        aggregate="top",
        value="sales_channel",
        description="sales channel of the last order that names one",
        unit="name",
        family="purchases",
        by="happened_at",
        kind="text",
    ),
    Aggregate(
        name="sales_channel_count",
        relation="sales_channels",
        aggregate="count",
        value="sales_channel",
        description="different sales channels ever bought through: above 1 buys across channels",
        unit="channels",
        family="purchases",
    ),
    Aggregate(
        name="online_share_mean_365d",
        relation="purchases",
        aggregate="mean",
        value=(
            f"CASE WHEN sales_channel IN ({_ONLINE}) THEN 1 WHEN sales_channel IS NOT NULL THEN 0 "
            "END"
        ),
        description=(
            "share of the orders of 365 days with a known sales channel that came through "
            f"{' or '.join(ONLINE_CHANNELS)}"
        ),
        unit="share",
        family="purchases",
        lookback=365,
    ),
    Aggregate(
        name="weekend_share_mean",
        relation="purchase_days",
        aggregate="mean",
        value="CASE WHEN (day + 3) % 7 >= 5 THEN 1 ELSE 0 END",
        description="share of the purchase days that were a Saturday or Sunday",
        unit="share",
        family="purchases",
    ),
]
