"""Browsing: what a customer does in the shop before, and without, buying."""

from features.language.feature import Aggregate, Derived, Feature

_DAYS_SINCE = "cutoff_day - day"


def _events(kind: str, lookbacks: tuple[int, ...]) -> list[Feature]:
    return [
        Aggregate(f"{kind}_count_{d}d", "events", "count", "happened_at", f"{kind} events in {d} days", "events", "browsing", where=f"event_type = '{kind}'", lookback=d)
        for d in lookbacks
    ]  # fmt: skip


BROWSING: list[Feature] = [
    Aggregate("events_count_7d", "events", "count", "happened_at", "events of any type in 7 days", "events", "browsing", lookback=7),
    Aggregate("events_count_28d", "events", "count", "happened_at", "events of any type in 28 days", "events", "browsing", lookback=28),
    Aggregate("events_count_91d", "events", "count", "happened_at", "events of any type in 91 days", "events", "browsing", lookback=91),
    *_events("view", (7, 28, 91)),
    *_events("cart", (7, 28, 91)),
    *_events("checkout", (28,)),
    *_events("search", (28, 91)),
    *_events("wishlist", (91,)),
    *_events("support", (182,)),
    *_events("review", (182,)),
    Derived("view_trend_28d", "view_count_28d - view_count_91d / 3.25e0", "views of 28 days less 28/91 of those of 91 days: above 0 the interest rises", "events", "browsing"),
    Derived("cart_per_view_91d", "(cart_count_91d + 1) / greatest(view_count_91d + 10, 1)", "cart events per view in 91 days, drawn to 1 in 10 while there are few views", "share", "browsing"),
    Aggregate("view_count_since_purchase", "events", "count", "happened_at", "views since the last purchase, of 182 days at most", "events", "browsing", where="event_type = 'view' AND after_purchase"),
    Aggregate("cart_count_since_purchase", "events", "count", "happened_at", "cart events since the last purchase, of 182 days at most: abandoned so far", "events", "browsing", where="event_type = 'cart' AND after_purchase"),
    Aggregate("days_since_event", "events", "min", _DAYS_SINCE, "days since the last event of any type; empty without one in 182 days", "days", "browsing"),
    Aggregate("days_since_cart", "events", "min", _DAYS_SINCE, "days since the last cart event; empty without one in 182 days", "days", "browsing", where="event_type = 'cart'"),
    Aggregate("active_days_count_28d", "event_gaps", "count", "day", "active days: those whose first event is in 28 days", "days", "browsing", where="coalesce(gap_days, 1) > 0", lookback=28),
    Aggregate("active_days_count_91d", "event_gaps", "count", "day", "active days: those whose first event is in 91 days", "days", "browsing", where="coalesce(gap_days, 1) > 0", lookback=91),
    Aggregate("sessions_count_28d", "event_gaps", "count", "happened_at", "sessions in 28 days; one begins with an event after half an hour without any", "sessions", "browsing", where="coalesce(gap_us, 1800000001) > 1800000000", lookback=28),
    Aggregate("sessions_count_91d", "event_gaps", "count", "happened_at", "sessions in 91 days; one begins with an event after half an hour without any", "sessions", "browsing", where="coalesce(gap_us, 1800000001) > 1800000000", lookback=91),
    Aggregate("mobile_share_mean_91d", "events", "mean", "CASE WHEN device = 'mobile' THEN 1 WHEN device IS NOT NULL THEN 0 END", "share of the events of 91 days with a known device that were on device `mobile`", "share", "browsing", lookback=91),
    Aggregate("viewed_category_top_28d", "viewed_categories", "top", "category", "category viewed most, of those viewed in 28 days; empty without one", "name", "browsing", by="views", lookback=28, kind="text"),
    Aggregate("viewed_categories_count_28d", "viewed_categories", "count", "category", "different categories viewed in 28 days", "categories", "browsing", lookback=28),
    Aggregate("viewed_price_index_mean_91d", "events", "mean", "price_index", "price level viewed in 91 days: list price over the mean price paid in the category, 1 is average", "ratio", "browsing", where="event_type = 'view'", lookback=91),
]  # fmt: skip
