"""Declares the features of buying rhythm: gaps between purchase days, regularity, lateness."""

from features.language.feature import Aggregate, Derived, Feature

# Shape of a gamma law from the mean logarithm (Minka 2002, "Estimating a Gamma distribution",
# the closed-form start), after six pseudo-gaps of an irregular buyer: 1 is irregular as in the
# BTYD models, larger is like a clock. For the exponential law s is Euler's constant.
_REGULARITY_S = (
    "greatest((gap_count * (ln(greatest(gap_mean, 1)) - gap_log_mean) + 6 * 0.5772156649e0)"
    " / greatest(gap_count + 6, 6), 0.01e0)"
)

RHYTHM: list[Feature] = [
    Aggregate(
        name="gap_count",
        relation="purchase_days",
        aggregate="count",
        value="gap_days",
        description="gaps between one purchase day and the next; 0 for a one-time buyer",
        unit="gaps",
        family="rhythm",
    ),
    Aggregate(
        name="gap_mean",
        relation="purchase_days",
        aggregate="mean",
        value="gap_days",
        description="mean gap between purchase days",
        unit="days",
        family="rhythm",
    ),
    Aggregate(
        name="gap_median",
        relation="purchase_days",
        aggregate="median",
        value="gap_days",
        description="median gap between purchase days",
        unit="days",
        family="rhythm",
    ),
    Aggregate(
        name="gap_std",
        relation="purchase_days",
        aggregate="std",
        value="gap_days",
        description="standard deviation of the gaps; empty below two gaps",
        sentence="Gaps between purchases vary by {value}",
        unit="days",
        family="rhythm",
    ),
    Aggregate(
        name="gap_min",
        relation="purchase_days",
        aggregate="min",
        value="gap_days",
        description="shortest gap",
        unit="days",
        family="rhythm",
    ),
    Aggregate(
        name="gap_max",
        relation="purchase_days",
        aggregate="max",
        value="gap_days",
        description="longest gap",
        unit="days",
        family="rhythm",
    ),
    Aggregate(
        name="gap_last",
        relation="purchase_days",
        aggregate="last",
        value="gap_days",
        description="latest gap",
        unit="days",
        family="rhythm",
        by="day",
    ),
    Aggregate(
        name="gap_mean_365d",
        relation="purchase_days",
        aggregate="mean",
        value="gap_days",
        description="mean gap that ended in the last 365 days",
        unit="days",
        family="rhythm",
        lookback=365,
    ),
    Aggregate(
        name="gap_log_mean",
        relation="purchase_days",
        aggregate="mean",
        value="ln(greatest(gap_days, 1))",
        description="mean of the natural logarithms of the gaps",
        sentence="{last_purchase}; {usual_gap}",
        unit="log days",
        family="rhythm",
    ),
    Derived(
        name="gap_shrunken",
        expression="(T + 60) / nullif(frequency + 1, 0)",
        description=(
            "days per purchase day so far, drawn to 60 for a newcomer: a gap that every buyer has"
        ),
        sentence="{last_purchase}; {usual_gap}",
        unit="days",
        family="rhythm",
    ),
    Derived(
        name="gap_cv",
        expression="gap_std / nullif(gap_mean, 0)",
        description=(
            "standard deviation of the gaps over their mean: near 0 buys like a clock, 1 at random"
        ),
        sentence="Gaps between purchases vary by {value} times their mean",
        unit="ratio",
        family="rhythm",
    ),
    Derived(
        name="regularity_s",
        expression=_REGULARITY_S,
        description=(
            "logarithm of the mean gap less the mean logarithm, drawn to that of an irregular "
            "buyer (0.58); near 0 buys like a clock"
        ),
        sentence="Irregularity of purchases: {value}, where 0 is a clock and 0.58 is random",
        unit="log days",
        family="rhythm",
    ),
    Derived(
        name="regularity_k",
        expression=(
            "(3 - regularity_s + sqrt(greatest((regularity_s - 3) * (regularity_s - 3) + 24 * "
            "regularity_s, 0.01e0))) / nullif(12 * regularity_s, 0)"
        ),
        description=(
            "regularity: shape of the gamma law of the gaps; 1 buys at random, large like a clock"
        ),
        sentence="Regularity of purchases: {value}, where 1 is random and more is regular",
        unit="shape",
        family="rhythm",
    ),
    Derived(
        name="gap_trend",
        expression="gap_last / nullif(gap_mean, 0)",
        description="latest gap over the mean gap: above 1 the customer slows down",
        sentence="Latest gap between purchases {value} times the mean gap",
        unit="ratio",
        family="rhythm",
    ),
    Derived(
        name="overdue_days",
        expression="days_since_last - gap_median",
        description="days since the last purchase less the customer's median gap: above 0 is late",
        sentence="{last_purchase}; {usual_gap}",
        unit="days",
        family="rhythm",
    ),
    Derived(
        name="overdue_ratio",
        expression="days_since_last / nullif(gap_shrunken, 0)",
        description=(
            "days since the last purchase over `gap_shrunken`: above 1 is late; every buyer has it"
        ),
        sentence="{last_purchase}; {usual_gap}",
        unit="ratio",
        family="rhythm",
    ),
    Derived(
        name="overdue_median_ratio",
        expression="days_since_last / nullif(gap_median, 0)",
        description="days since the last purchase over the customer's median gap",
        sentence="{last_purchase}; {usual_gap}",
        unit="ratio",
        family="rhythm",
    ),
    Derived(
        name="overdue_last_ratio",
        expression="days_since_last / nullif(gap_last, 0)",
        description="days since the last purchase over the customer's latest gap",
        sentence="{last_purchase}; {usual_gap}",
        unit="ratio",
        family="rhythm",
    ),
    Derived(
        name="overdue_max_ratio",
        expression="days_since_last / nullif(gap_max, 0)",
        description=(
            "days since the last purchase over the customer's longest gap: above 1 was never "
            "silent for so long"
        ),
        sentence="{last_purchase}; {usual_gap}",
        unit="ratio",
        family="rhythm",
    ),
]
