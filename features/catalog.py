"""Every feature of Nextbuy, declared once. To add one, add its line here."""

from collections.abc import Iterable

from features.feature import Aggregate, Catalog, Derived, Feature
from features.sources import name_sql, quote

_LOOKBACKS = (7, 14, 28, 56, 91, 182, 365)

_PURCHASES: list[Feature] = [
    Aggregate("frequency", "purchase_days", "count", "gap_days", "repeat purchase days, the first excluded (BTYD x)", "days", "RFM"),
    Aggregate("recency", "purchase_days", "max", "age_days", "age in days at the last purchase day (BTYD t_x)", "days", "RFM"),
    Aggregate("T", "purchase_days", "max", "cutoff_day - day", "age in days at the cutoff (BTYD T)", "days", "RFM"),
    Aggregate("monetary_value", "purchase_days", "mean", "amount", "mean spend per repeat purchase day", "minor units", "RFM", where="gap_days IS NOT NULL"),
    Derived("days_since_last", "T - recency", "days since the last purchase day", "days", "RFM"),
    Aggregate("orders_count", "purchases", "count", "amount", "orders ever", "orders", "purchases"),
    Aggregate("order_amount_mean", "purchases", "mean", "amount", "mean order amount", "minor units", "purchases"),
    Aggregate("order_amount_max", "purchases", "max", "amount", "largest order amount", "minor units", "purchases"),
    Aggregate("order_amount_std", "purchases", "std", "amount", "spread of order amounts", "minor units", "purchases"),
    Aggregate("day_amount_last", "purchase_days", "last", "amount", "spend on the last purchase day", "minor units", "purchases"),
    *(Aggregate(f"purchase_days_count_{d}d", "purchase_days", "count", "day", f"purchase days in the last {d} days", "days", "purchases", lookback=d) for d in _LOOKBACKS),
    *(Aggregate(f"order_amount_sum_{d}d", "purchases", "sum", "amount", f"spend in the last {d} days", "minor units", "purchases", lookback=d) for d in (28, 91, 365)),
    Derived("purchase_days_trend_91d", "2 * purchase_days_count_91d - purchase_days_count_182d", "purchase days of the last 91 days less those of the 91 before", "days", "purchases"),
    Aggregate("discount_share_mean_365d", "purchases", "mean", "discount / nullif(amount + discount, 0)", "mean share of the price taken off", "share", "purchases", lookback=365),
]  # fmt: skip

_RHYTHM: list[Feature] = [
    Aggregate("gap_mean", "purchase_days", "mean", "gap_days", "mean gap between purchase days", "days", "rhythm"),
    Aggregate("gap_median", "purchase_days", "median", "gap_days", "median gap", "days", "rhythm"),
    Aggregate("gap_std", "purchase_days", "std", "gap_days", "spread of the gaps", "days", "rhythm"),
    Aggregate("gap_min", "purchase_days", "min", "gap_days", "shortest gap", "days", "rhythm"),
    Aggregate("gap_max", "purchase_days", "max", "gap_days", "longest gap", "days", "rhythm"),
    Aggregate("gap_last", "purchase_days", "last", "gap_days", "latest gap", "days", "rhythm"),
    Aggregate("gap_log_mean", "purchase_days", "mean", "ln(greatest(gap_days, 1))", "mean of the gaps' logarithms", "log days", "rhythm"),
    Derived("gap_shrunken", "(T + 60) / nullif(frequency + 1, 0)", "days per purchase, drawn to 60 days for a newcomer", "days", "rhythm"),
    Derived("gap_cv", "gap_std / nullif(gap_mean, 0)", "spread of the gaps over their mean; small for a regular buyer", "ratio", "rhythm"),
    Derived("overdue_ratio", "days_since_last / nullif(gap_shrunken, 0)", "days since the last purchase over the shrunken gap", "ratio", "rhythm"),
    Derived("overdue_median_ratio", "days_since_last / nullif(gap_median, 0)", "days since the last purchase over the own median gap", "ratio", "rhythm"),
    Derived("overdue_max_ratio", "days_since_last / nullif(gap_max, 0)", "days since the last purchase over the own longest gap", "ratio", "rhythm"),
]  # fmt: skip


def messaging_features(channel: str) -> list[Feature]:
    """Declare the features of one channel; channels are free names of the shop."""
    here = f"channel = {quote(channel)}"
    clicked, sent = (
        name_sql(f"{channel}_clicked_count_182d"),
        name_sql(f"{channel}_sent_count_182d"),
    )
    human = f"{here} AND opened_at IS NOT NULL AND NOT coalesce(machine_opened, FALSE)"
    return [
        Aggregate(f"{channel}_sent_count_28d", "messages", "count", "happened_at", f"messages by {channel} in 28 days", "messages", "messaging", where=here, lookback=28),
        Aggregate(f"{channel}_sent_count_182d", "messages", "count", "happened_at", f"messages by {channel} in 182 days", "messages", "messaging", where=here, lookback=182),
        Aggregate(f"{channel}_opened_count_182d", "messages", "count", "happened_at", f"messages by {channel} opened by a person", "messages", "messaging", where=human, lookback=182),
        Aggregate(f"{channel}_clicked_count_182d", "messages", "count", "clicked_at", f"messages by {channel} clicked", "messages", "messaging", where=here, lookback=182),
        Derived(f"{channel}_click_rate_182d", f"({clicked} + 1) / nullif({sent} + 20, 0)", f"clicks per message by {channel}, drawn to 1 in 20", "share", "messaging"),
    ]  # fmt: skip


def make_catalog(channels: Iterable[str] = ()) -> Catalog:
    """Make the catalog of all features for a shop that messages through these channels."""
    messaging = [feature for channel in channels for feature in messaging_features(channel)]
    return Catalog([*_PURCHASES, *_RHYTHM, *messaging])
