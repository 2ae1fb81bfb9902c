"""Declares the features of messages: what was sent by each channel, and what came of it.

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
    name="channel_rates",
    relation="messages",
    key="channel",
    totals={
        "sent": ("count", "happened_at"),
        "opened": ("count", f"CASE WHEN {HUMAN_OPEN} THEN 1 END"),
        "clicked": ("count", "clicked_at"),
        "converted": ("count", "converted_at"),
    },
)

ACROSS_CHANNELS: list[Feature] = [
    Aggregate(
        name="messages_count_7d",
        relation="messages",
        aggregate="count",
        value="happened_at",
        description="messages sent to the customer in 7 days",
        unit="messages",
        family="messaging",
        lookback=7,
    ),
    Aggregate(
        name="messages_count_28d",
        relation="messages",
        aggregate="count",
        value="happened_at",
        description="messages sent to the customer in 28 days",
        unit="messages",
        family="messaging",
        lookback=28,
    ),
    Aggregate(
        name="messages_clicked_count_91d",
        relation="messages",
        aggregate="count",
        value="clicked_at",
        description="messages sent in 91 days that were clicked",
        unit="messages",
        family="messaging",
        lookback=91,
    ),
    Aggregate(
        name="days_since_message",
        relation="messages",
        aggregate="min",
        value=_DAYS_SINCE.format(instant="happened_at"),
        description="days since the last message; empty without one in 365 days",
        unit="days",
        family="messaging",
    ),
    Aggregate(
        name="days_since_click",
        relation="messages",
        aggregate="min",
        value=_DAYS_SINCE.format(instant="clicked_at"),
        description="days since the last click on a message of 365 days; empty without one",
        unit="days",
        family="messaging",
    ),
    Aggregate(
        name="unsubscribed_count_365d",
        relation="messages",
        aggregate="count",
        value="unsubscribed_at",
        description="messages of 365 days that made the customer unsubscribe",
        sentence="Unsubscribed from {value} in 365 days",
        unit="messages",
        family="messaging",
        lookback=365,
    ),
    Derived(
        name="fatigue_ratio_28d",
        expression="(messages_count_28d + 1) / greatest(messages_clicked_count_91d + 1, 1)",
        description=(
            "fatigue: messages of 28 days over clicked ones of 91 days, one added to both; 1 "
            "without any"
        ),
        sentence="{value} messages in 28 days for a click in 91 days, one added to both",
        unit="ratio",
        family="messaging",
    ),
    Aggregate(
        name="campaigns_count_365d",
        relation="campaigns",
        aggregate="count",
        value="campaign_id",
        description="campaigns whose messages the customer was sent in 365 days",
        unit="campaigns",
        family="messaging",
    ),
    Aggregate(
        name="campaigns_clicked_count_365d",
        relation="campaigns",
        aggregate="count",
        value="campaign_id",
        description="of those, campaigns that were clicked at least once",
        sentence="{value} counted as clicked in 365 days",
        unit="campaigns",
        family="messaging",
        where="clicked > 0",
    ),
    Aggregate(
        name="campaigns_converted_count_365d",
        relation="campaigns",
        aggregate="count",
        value="campaign_id",
        description="of those, campaigns that the sender counts as converted at least once",
        sentence="{value} counted as converted in 365 days",
        unit="campaigns",
        family="messaging",
        where="converted > 0",
    ),
    Aggregate(
        name="days_since_campaign",
        relation="campaigns",
        aggregate="min",
        value=_DAYS_SINCE.format(instant="happened_at"),
        description="days since the last message of a campaign; empty without one in 365 days",
        unit="days",
        family="messaging",
    ),
    Aggregate(
        name="message_revenue_sum_365d",
        relation="messages",
        aggregate="sum",
        value="revenue",
        description="revenue that the sender counts for the messages of 365 days",
        unit="minor units",
        family="messaging",
        lookback=365,
    ),
    Aggregate(
        name="message_revenue_mean_365d",
        relation="messages",
        aggregate="mean",
        value="coalesce(revenue, 0)",
        description=(
            "that revenue per message sent, 0 for messages without any; empty without messages"
        ),
        sentence="Revenue per message of 365 days, as the sender counts it: {value}",
        unit="minor units",
        family="messaging",
        lookback=365,
    ),
    Derived(
        name="message_revenue_share_365d",
        expression=(
            "message_revenue_sum_365d / nullif(greatest(order_amount_sum_365d, "
            "message_revenue_sum_365d), 0)"
        ),
        description=(
            "share of the spend of 365 days that the sender counts for messages; empty without "
            "spend"
        ),
        sentence="The sender counts {value} of the spend of 365 days for messages",
        unit="share",
        family="messaging",
    ),
]


def messaging_features(channels: Sequence[str]) -> list[Feature]:
    """Declare the features of messages over all channels and of each channel.

    Parameters
    ----------
    channels : sequence of str
        The shop's free names of channels; each one makes features `<channel>_...`.
    """
    return [*ACROSS_CHANNELS, *(f for channel in channels for f in _of(channel))]


def _of(channel: str) -> list[Feature]:
    return [
        _count(channel, "sent_28d", what="in 28 days"),
        _count(channel, "sent_182d", what="in 182 days"),
        _count(channel, "delivered_182d", what="in 182 days that were delivered"),
        _count(channel, "opened_182d", what="in 182 days that a person opened"),
        _count(channel, "clicked_182d", what="in 182 days that were clicked"),
        _count(channel, "converted_182d", what="in 182 days that the sender counts as converted"),
        _rate(channel, "open", what="opened"),
        _rate(channel, "click", what="clicked"),
        _rate(channel, "conversion", what="converted"),
        _count(
            channel, "unanswered_91d", what="in 91 days that were not clicked: a sign of fatigue"
        ),
        Aggregate(
            name=f"{channel}_days_since_sent",
            relation="channels",
            aggregate="min",
            value=_DAYS_SINCE.format(instant="happened_at"),
            description=f"days since the last message by {channel}; empty without one in 365 days",
            unit="days",
            family="messaging",
            where=_here(channel),
        ),
    ]


def _here(channel: str) -> str:
    return f"channel = {quote(channel)}"


def _count(channel: str, count: str, *, what: str) -> Aggregate:
    name, days = f"{channel}_{count.replace('_', '_count_')}", CHANNEL_COUNTS[count][1]
    return Aggregate(
        name=name,
        relation="channels",
        aggregate="sum",
        value=count,
        description=f"messages by {channel} {what}",
        unit="messages",
        family="messaging",
        where=_here(channel),
        lookback=days,
    )


def _rate(channel: str, name: str, *, what: str) -> Derived:
    """Declare a rate of a customer's messages, drawn to the channel's rate among all customers."""
    done, sent = (name_sql(f"{channel}_{w}_count_182d") for w in (what, "sent"))
    all_done, all_sent = (name_sql(f"@channel_rates:{w}:{channel}") for w in (what, "sent"))
    return Derived(
        name=f"{channel}_{name}_rate_182d",
        expression=(
            f"({done} + {_PSEUDO} * {all_done} / nullif({all_sent}, 0)) / greatest({sent} + "
            f"{_PSEUDO}, 1)"
        ),
        description=(
            f"share of the messages by {channel} of 182 days that were {what}, drawn to the mean "
            "of all customers while there are few"
        ),
        sentence=f"{name.capitalize()} rate of messages by {channel}: about {{value}}",
        unit="share",
        family="messaging",
    )
