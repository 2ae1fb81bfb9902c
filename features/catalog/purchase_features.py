"""Purchases, RFM and rhythm: what every shop has."""

from features.contract.casts import quote
from features.contract.tables import ONLINE_CHANNELS
from features.language.feature import Aggregate, Derived, Feature, Quantiles

_ONLINE = ", ".join(map(quote, ONLINE_CHANNELS))
_LOOKBACKS = (7, 14, 28, 56, 91, 182, 365)

RFM: list[Feature] = [
    Aggregate("frequency", "purchase_days", "count", "gap_days", "days with a purchase after the first such day (BTYD x); 0 for a one-time buyer", "days", "RFM"),
    Aggregate("recency", "purchase_days", "max", "age_days", "days from the first to the last purchase (BTYD t_x); 0 for a one-time buyer", "days", "RFM"),
    Aggregate("T", "purchase_days", "max", "cutoff_day - day", "days from the first purchase to the cutoff (BTYD T)", "days", "RFM"),
    Aggregate("monetary_value", "purchase_days", "mean", "amount", "mean spend on a purchase day, the first one left out; empty for a one-time buyer", "minor units", "RFM", where="gap_days IS NOT NULL"),
    Derived("days_since_last", "T - recency", "days since the last purchase", "days", "RFM"),
    Aggregate("orders_count", "purchases", "count", "amount", "orders ever, cancelled ones left out as everywhere unless said otherwise", "orders", "RFM"),
    Aggregate("order_amount_sum", "purchases", "sum", "amount", "spend ever", "minor units", "RFM"),
]  # fmt: skip

RFM_QUANTILES = (
    Quantiles("r", "days_since_last", (20, 40, 60, 80)),
    Quantiles("f", "orders_count", (20, 40, 60, 80)),
    Quantiles("m", "order_amount_sum", (20, 40, 60, 80)),
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
    Derived("r_score", _score("days_since_last", "r", rising=False), "recency score among all buyers: 5 for the fifth that bought last, 1 for the longest silent", "1 to 5", "RFM"),
    Derived("f_score", _score("orders_count", "f", rising=True), "frequency score among all buyers: 5 for the fifth with the most orders", "1 to 5", "RFM"),
    Derived("m_score", _score("order_amount_sum", "m", rising=True), "money score among all buyers: 5 for the fifth that spent most", "1 to 5", "RFM"),
    Derived("rfm_segment", _SEGMENTS, "segment named by the three scores, from champions to hibernating", "name", "RFM", kind="text"),
]  # fmt: skip

PURCHASES: list[Feature] = [
    Aggregate("order_amount_mean", "purchases", "mean", "amount", "mean order amount, ever", "minor units", "purchases"),
    Aggregate("order_amount_max", "purchases", "max", "amount", "largest order amount, ever", "minor units", "purchases"),
    Aggregate("order_amount_std", "purchases", "std", "amount", "standard deviation of the order amounts, ever; empty below two orders", "minor units", "purchases"),
    Aggregate("day_amount_last", "purchase_days", "last", "amount", "spend on the last purchase day", "minor units", "purchases", by="day"),
    *(Aggregate(f"purchase_days_count_{d}d", "purchase_days", "count", "day", f"days with a purchase in {d} days", "days", "purchases", lookback=d) for d in _LOOKBACKS),
    *(Aggregate(f"order_amount_sum_{d}d", "purchases", "sum", "amount", f"spend in {d} days", "minor units", "purchases", lookback=d) for d in (28, 91, 365)),
    Derived("purchase_days_trend_28d", "2 * purchase_days_count_28d - purchase_days_count_56d", "purchase days of 28 days less those of the 28 before: above 0 buys more often", "days", "purchases"),
    Derived("purchase_days_trend_91d", "2 * purchase_days_count_91d - purchase_days_count_182d", "purchase days of 91 days less those of the 91 before: above 0 buys more often", "days", "purchases"),
    *(Aggregate(f"purchase_days_count_week{w}", "purchase_days", "count", "day", f"purchase days from {7 * w} to {7 * w + 6} days ago", "days", "purchases", where=f"day <= cutoff_day - {7 * w} AND day > cutoff_day - {7 * w + 7}") for w in (1, 2, 3, 4, 5)),
    Aggregate("purchase_days_count_year_ago_91d", "purchase_days", "count", "day", "purchase days in the 91 days that begin 364 days ago: the coming season, last year", "days", "purchases", where="day > cutoff_day - 364 AND day <= cutoff_day - 273"),
    Aggregate("discount_share_mean_365d", "purchases", "mean", "discount / nullif(amount + discount, 0)", "mean share of the price that was taken off, over the orders of 365 days; 0 pays full prices", "share", "purchases", lookback=365),
    Aggregate("discounted_count_365d", "purchases", "count", "amount", "orders of 365 days with a discount", "orders", "purchases", where="discount > 0", lookback=365),
    Aggregate("cancelled_share_mean", "orders_known", "mean", "cancelled", "share of all orders that were cancelled", "share", "purchases"),
    Aggregate("sales_channel_top", "sales_channels", "top", "sales_channel", "sales channel of most orders ever; empty if no order names one", "name", "purchases", by="orders", kind="text"),
    Aggregate("sales_channel_last", "sales_channels", "top", "sales_channel", "sales channel of the last order that names one", "name", "purchases", by="happened_at", kind="text"),
    Aggregate("sales_channel_count", "sales_channels", "count", "sales_channel", "different sales channels ever bought through: above 1 buys across channels", "channels", "purchases"),
    Aggregate("online_share_mean_365d", "purchases", "mean", f"CASE WHEN sales_channel IN ({_ONLINE}) THEN 1 WHEN sales_channel IS NOT NULL THEN 0 END", f"share of the orders of 365 days with a known sales channel that came through {' or '.join(ONLINE_CHANNELS)}", "share", "purchases", lookback=365),
    Aggregate("weekend_share_mean", "purchase_days", "mean", "CASE WHEN (day + 3) % 7 >= 5 THEN 1 ELSE 0 END", "share of the purchase days that were a Saturday or Sunday", "share", "purchases"),
]  # fmt: skip

# Shape of a gamma law from the mean logarithm (Minka 2002, "Estimating a Gamma distribution",
# the closed-form start), after six pseudo-gaps of an irregular buyer: 1 is irregular as in the
# BTYD models, larger is like a clock. For the exponential law s is Euler's constant.
_REGULARITY_S = "greatest((gap_count * (ln(greatest(gap_mean, 1)) - gap_log_mean) + 6 * 0.5772156649e0) / greatest(gap_count + 6, 6), 0.01e0)"

RHYTHM: list[Feature] = [
    Aggregate("gap_count", "purchase_days", "count", "gap_days", "gaps between one purchase day and the next; 0 for a one-time buyer", "gaps", "rhythm"),
    Aggregate("gap_mean", "purchase_days", "mean", "gap_days", "mean gap between purchase days", "days", "rhythm"),
    Aggregate("gap_median", "purchase_days", "median", "gap_days", "median gap between purchase days", "days", "rhythm"),
    Aggregate("gap_std", "purchase_days", "std", "gap_days", "standard deviation of the gaps; empty below two gaps", "days", "rhythm"),
    Aggregate("gap_min", "purchase_days", "min", "gap_days", "shortest gap", "days", "rhythm"),
    Aggregate("gap_max", "purchase_days", "max", "gap_days", "longest gap", "days", "rhythm"),
    Aggregate("gap_last", "purchase_days", "last", "gap_days", "latest gap", "days", "rhythm", by="day"),
    Aggregate("gap_mean_365d", "purchase_days", "mean", "gap_days", "mean gap that ended in the last 365 days", "days", "rhythm", lookback=365),
    Aggregate("gap_log_mean", "purchase_days", "mean", "ln(greatest(gap_days, 1))", "mean of the natural logarithms of the gaps", "log days", "rhythm"),
    Derived("gap_shrunken", "(T + 60) / nullif(frequency + 1, 0)", "days per purchase day so far, drawn to 60 for a newcomer: a gap that every buyer has", "days", "rhythm"),
    Derived("gap_cv", "gap_std / nullif(gap_mean, 0)", "standard deviation of the gaps over their mean: near 0 buys like a clock, 1 at random", "ratio", "rhythm"),
    Derived("regularity_s", _REGULARITY_S, "logarithm of the mean gap less the mean logarithm, drawn to that of an irregular buyer (0.58); near 0 buys like a clock", "log days", "rhythm"),
    Derived("regularity_k", "(3 - regularity_s + sqrt(greatest((regularity_s - 3) * (regularity_s - 3) + 24 * regularity_s, 0.01e0))) / nullif(12 * regularity_s, 0)", "regularity: shape of the gamma law of the gaps; 1 buys at random, large like a clock", "shape", "rhythm"),
    Derived("gap_trend", "gap_last / nullif(gap_mean, 0)", "latest gap over the mean gap: above 1 the customer slows down", "ratio", "rhythm"),
    Derived("overdue_days", "days_since_last - gap_median", "days since the last purchase less the customer's median gap: above 0 is late", "days", "rhythm"),
    Derived("overdue_ratio", "days_since_last / nullif(gap_shrunken, 0)", "days since the last purchase over `gap_shrunken`: above 1 is late; every buyer has it", "ratio", "rhythm"),
    Derived("overdue_median_ratio", "days_since_last / nullif(gap_median, 0)", "days since the last purchase over the customer's median gap", "ratio", "rhythm"),
    Derived("overdue_last_ratio", "days_since_last / nullif(gap_last, 0)", "days since the last purchase over the customer's latest gap", "ratio", "rhythm"),
    Derived("overdue_max_ratio", "days_since_last / nullif(gap_max, 0)", "days since the last purchase over the customer's longest gap: above 1 was never silent for so long", "ratio", "rhythm"),
]  # fmt: skip
