"""Chooses the traits on which the effects of a shop's channels may depend.

The list is fixed beforehand and long. It holds the occasion of sending, what the customer has
declared and consented to, how often, how lately and at which prices the customer buys, and what
came of earlier messages. Which of them matter is for the fit to find.
"""

from collections.abc import Iterable, Sequence
from itertools import compress

import pandas as pd

from models.arms import NO_MESSAGE
from models.channel.effects.traits import Scale, Trait
from models.channel.model import ChannelTraits
from models.channel.occasion import occasion_column_names, possible_column

_OF_CUSTOMERS: dict[str, Scale] = {
    "frequency": "log1p",
    "days_since_last": "log1p",
    "T": "log1p",
    "monetary_value": "log1p",
    "purchase_days_count_91d": "log1p",
    "overdue_ratio": "log1p",
    "discount_share_mean_365d": "as_is",
    "weekend_share_mean": "as_is",
    "online_share_mean_365d": "as_is",
    "price_index_mean_365d": "as_is",
    "category_count": "log1p",
    "returns_share_365d": "as_is",
    "view_count_28d": "log1p",
    "cart_count_28d": "log1p",
    "days_since_event": "log1p",
    "mobile_share_mean_91d": "as_is",
    "messages_count_28d": "log1p",
    "messages_clicked_count_91d": "log1p",
    "days_since_click": "log1p",
    "birth_year": "as_is",
}
_OF_CHANNELS: dict[str, Scale] = {
    "click_rate_182d": "logit",
    "open_rate_182d": "logit",
    "sent_count_28d": "log1p",
    "days_since_sent": "log1p",
    "preferred": "as_is",
}
# A declared text becomes one trait for each of its frequent values.
_MOST_VALUES, _LEAST_SHARE = 6, 0.03


def choose_traits(
    rows: pd.DataFrame, channels: Sequence[str], declared: Iterable[str]
) -> ChannelTraits:
    """Choose the traits for a shop's channels from the columns that its messages have.

    A trait of a channel is left out for all channels where its column is missing for one of them,
    since the effects of all channels depend on the same traits.

    Parameters
    ----------
    rows : DataFrame
        One row per message.
    channels : sequence of str
        The shop's channels; `none` is ignored.
    declared : iterable of str
        Columns of `rows` with the texts that customers have declared, such as their country. One
        with many values is left out.

    Returns
    -------
    ChannelTraits
        Not yet centred and scaled.
    """
    messages = [channel for channel in channels if channel != NO_MESSAGE]
    shared = [
        *(Trait(name, scale) for name, scale in _OF_CUSTOMERS.items()),
        *(Trait(possible_column(channel), "as_is") for channel in messages),
    ]
    texts = [trait for column in declared for trait in _text_traits(rows[column])]
    own = {
        channel: [
            *(Trait(column, "as_is") for column in occasion_column_names(channel)),
            *(Trait(f"{channel}_{name}", scale) for name, scale in _OF_CHANNELS.items()),
        ]
        for channel in messages
    }
    given = [
        all(of_channel[place].column in rows for of_channel in own.values())
        for place in range(len(occasion_column_names(NO_MESSAGE)) + len(_OF_CHANNELS))
    ]
    return ChannelTraits(
        [*(trait for trait in shared if trait.column in rows), *texts],
        {channel: list(compress(traits, given)) for channel, traits in own.items()},
    )


def _text_traits(texts: "pd.Series[str]") -> list[Trait]:
    """Make one trait of each value of a text that has few; none where it has many."""
    shares = texts.value_counts(normalize=True)
    frequent = shares[shares >= _LEAST_SHARE]
    if not 1 < len(shares) or len(frequent) > _MOST_VALUES:
        return []
    return [Trait(str(texts.name), "equals", text=str(text)) for text in sorted(frequent.index)]
