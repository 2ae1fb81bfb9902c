"""Messaging: what was sent through each channel, and what the customer did with it.

Opens by machines (a mail client that loads pictures by itself) never count.
"""

from collections.abc import Sequence

from features.catalog.relations import CHANNEL_COUNTS, HUMAN_OPEN
from features.contract.casts import name_sql, quote
from features.language.feature import Aggregate, Derived, Feature
from features.language.relation import Lookup

_DAYS_SINCE = "floor((cutoff - {instant}) / 86400000000)"
_PSEUDO = 20  # messages of the population in a customer's own rates

CHANNEL_RATES = Lookup(
    "channel_rates",
    "messages",
    "channel",
    {
        "sent": ("count", "happened_at"),
        "opened": ("count", f"CASE WHEN {HUMAN_OPEN} THEN 1 END"),
        "clicked": ("count", "clicked_at"),
        "converted": ("count", "converted_at"),
    },
)

ACROSS: list[Feature] = [
    Aggregate("messages_count_7d", "messages", "count", "happened_at", "messages sent to the customer in 7 days", "messages", "messaging", lookback=7),
    Aggregate("messages_count_28d", "messages", "count", "happened_at", "messages sent to the customer in 28 days", "messages", "messaging", lookback=28),
    Aggregate("messages_clicked_count_91d", "messages", "count", "clicked_at", "messages sent in 91 days that were clicked", "messages", "messaging", lookback=91),
    Aggregate("days_since_message", "messages", "min", _DAYS_SINCE.format(instant="happened_at"), "days since the last message; empty without one in 365 days", "days", "messaging"),
    Aggregate("days_since_click", "messages", "min", _DAYS_SINCE.format(instant="clicked_at"), "days since the last click on a message of 365 days; empty without one", "days", "messaging"),
    Aggregate("unsubscribed_count_365d", "messages", "count", "unsubscribed_at", "messages of 365 days that made the customer unsubscribe", "messages", "messaging", lookback=365),
    Derived("fatigue_ratio_28d", "(messages_count_28d + 1) / greatest(messages_clicked_count_91d + 1, 1)", "fatigue: messages of 28 days over clicked ones of 91 days, one added to both; 1 without any", "ratio", "messaging"),
    Aggregate("campaigns_count_365d", "campaigns", "count", "campaign_id", "campaigns whose messages the customer was sent in 365 days", "campaigns", "messaging"),
    Aggregate("campaigns_clicked_count_365d", "campaigns", "count", "campaign_id", "of those, campaigns that were clicked at least once", "campaigns", "messaging", where="clicked > 0"),
    Aggregate("campaigns_converted_count_365d", "campaigns", "count", "campaign_id", "of those, campaigns that the sender counts as converted at least once", "campaigns", "messaging", where="converted > 0"),
    Aggregate("days_since_campaign", "campaigns", "min", _DAYS_SINCE.format(instant="happened_at"), "days since the last message of a campaign; empty without one in 365 days", "days", "messaging"),
    Aggregate("message_revenue_sum_365d", "messages", "sum", "revenue", "revenue that the sender counts for the messages of 365 days", "minor units", "messaging", lookback=365),
    Aggregate("message_revenue_mean_365d", "messages", "mean", "coalesce(revenue, 0)", "that revenue per message sent, 0 for messages without any; empty without messages", "minor units", "messaging", lookback=365),
    Derived("message_revenue_share_365d", "message_revenue_sum_365d / nullif(greatest(order_amount_sum_365d, message_revenue_sum_365d), 0)", "share of the spend of 365 days that the sender counts for messages; empty without spend", "share", "messaging"),
]  # fmt: skip


def messaging_features(channels: Sequence[str]) -> list[Feature]:
    """Declare the features of every channel; channels are free names of the shop."""
    return [*ACROSS, *(f for channel in channels for f in _of(channel))]


def _of(channel: str) -> list[Feature]:
    return [
        _count(channel, "sent_28d", "in 28 days"),
        _count(channel, "sent_182d", "in 182 days"),
        _count(channel, "delivered_182d", "in 182 days that were delivered"),
        _count(channel, "opened_182d", "in 182 days that a person opened"),
        _count(channel, "clicked_182d", "in 182 days that were clicked"),
        _count(channel, "converted_182d", "in 182 days that the sender counts as converted"),
        _rate(channel, "open", "opened"),
        _rate(channel, "click", "clicked"),
        _rate(channel, "conversion", "converted"),
        _count(channel, "unanswered_91d", "in 91 days that were not clicked: a sign of fatigue"),
        Aggregate(f"{channel}_days_since_sent", "channels", "min", _DAYS_SINCE.format(instant="happened_at"), f"days since the last message by {channel}; empty without one in 365 days", "days", "messaging", where=_here(channel)),
    ]  # fmt: skip


def _here(channel: str) -> str:
    return f"channel = {quote(channel)}"


def _count(channel: str, count: str, what: str) -> Aggregate:
    name, days = f"{channel}_{count.replace('_', '_count_')}", CHANNEL_COUNTS[count][1]
    return Aggregate(name, "channels", "sum", count, f"messages by {channel} {what}", "messages", "messaging", where=_here(channel), lookback=days)  # fmt: skip


def _rate(channel: str, name: str, what: str) -> Derived:
    """Declare a rate drawn to the channel's own among all customers."""
    done, sent = (name_sql(f"{channel}_{w}_count_182d") for w in (what, "sent"))
    all_done, all_sent = (name_sql(f"@channel_rates:{w}:{channel}") for w in (what, "sent"))
    return Derived(
        f"{channel}_{name}_rate_182d",
        f"({done} + {_PSEUDO} * {all_done} / nullif({all_sent}, 0)) / greatest({sent} + {_PSEUDO}, 1)",
        f"share of the messages by {channel} of 182 days that were {what}, drawn to the mean of all customers while there are few",
        "share",
        "messaging",
    )  # fmt: skip
