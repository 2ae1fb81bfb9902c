"""Builds the channel model's training rows: features before each message, outcome after it."""

import pandas as pd

from features.builds.feature_build import FeatureBuilder
from features.language.catalog import Catalog
from features.log.identities import customers_of_accounts
from features.log.log import Log
from features.windows import DAY, cutoffs_before
from training.channel.draws.send_situations import SituatedRows, add_situations
from training.labels import make_message_labels

STRIDE_DAYS = 7
LEARN_DAYS = 365  # before a cutoff, whose messages a channel model learns from


def make_message_rows(
    log: Log,
    catalog: Catalog,
    first: int,
    last: int,
    window_days: int,
    known_until: int,
) -> SituatedRows:
    """Make one training row per message sent after `first` and up to `last`.

    The features of a message are those of its customer at the latest of the weekly cutoffs
    before it was sent, so that nothing it caused is in them.

    Parameters
    ----------
    log : Log
        The opened event log of one shop.
    catalog : Catalog
        Features to build.
    first, last : int
        Instants (UTC microseconds) after which, and up to which, messages were sent.
    window_days : int
        Days after a message within which a purchase counts.
    known_until : int
        Last instant (UTC microseconds) that the outcomes may know; messages whose window is still
        open are left out.

    Returns
    -------
    SituatedRows
        One row per message: the columns of `make_message_labels`, the catalog's features, NaN for
        a contact of whom nothing was known at that cutoff, and the columns of `add_situations`.
    """
    labels = make_message_labels(log, window_days, known_until)
    labels = labels[(labels["sent_at"] > first) & (labels["sent_at"] <= last)]
    cutoffs = sorted(
        cutoffs_before(last, STRIDE_DAYS, first - STRIDE_DAYS * DAY, log.shop.timezone)
    )
    builder, parts = FeatureBuilder(log, catalog, "contacts", builds=len(cutoffs)), []
    for cutoff, following in zip(cutoffs, [*cutoffs[1:], last], strict=True):
        sent = labels[(labels["sent_at"] > cutoff) & (labels["sent_at"] <= following)]
        if len(sent):
            features = builder.frame(cutoff)
            sent = sent.assign(customer_id=customers_of_accounts(log, sent["account"], cutoff))
            parts.append(sent.merge(features, on="customer_id", how="left", validate="m:1"))
    if not parts:
        return SituatedRows(labels, [])
    return add_situations(log, pd.concat(parts, ignore_index=True), known_until)
