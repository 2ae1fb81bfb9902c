"""The fixed 50 features that speed is measured with: common ones of every heavy table."""

_CHANNELS = ("email", "phone", "sms", "web_push")

FIFTY: tuple[str, ...] = (
    "days_since_last", "recency", "T", "frequency", "orders_count", "order_amount_sum",
    "order_amount_mean", "order_amount_std",
    *(f"purchase_days_count_{days}d" for days in (7, 28, 91, 365)),
    *(f"order_amount_sum_{days}d" for days in (28, 91, 365)),
    "discount_share_mean_365d", "discounted_count_365d", "cancelled_share_mean",
    "gap_mean", "gap_std", "gap_cv", "overdue_ratio",
    "category_top", "category_count", "category_top_share",
    "brand_top", "brand_count", "brand_top_share",
    "price_index_mean_365d", "premium_share_mean_365d",
    *(f"view_count_{days}d" for days in (7, 28, 91)),
    *(f"cart_count_{days}d" for days in (7, 28, 91)),
    "search_count_28d", "search_count_91d", "events_count_28d",
    "active_days_count_28d", "active_days_count_91d",
    *(f"{channel}_{rate}_rate_182d" for channel in _CHANNELS for rate in ("open", "click")),
    "messages_count_28d",
)  # fmt: skip
