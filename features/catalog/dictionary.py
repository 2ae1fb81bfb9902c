"""Every feature of Nextbuy, for a shop's vocabulary."""

from features.catalog.basket_features import BASKETS, RETURNS
from features.catalog.browsing_features import BROWSING
from features.catalog.contact_score import contact_features
from features.catalog.message_features import CHANNEL_RATES, messaging_features
from features.catalog.profile_features import (
    CALENDAR,
    POPULATION,
    PROFILE,
    SEASON,
    attribute_features,
)
from features.catalog.purchase_features import PURCHASES, RFM, RFM_QUANTILES, RFM_SCORES, RHYTHM
from features.catalog.relations import make_relations
from features.catalog.store_features import store_features
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary


def make_catalog(vocabulary: Vocabulary) -> Catalog:
    """Make the catalog of all features that a shop's tables support.

    A family whose table is absent is absent, not zero.
    """
    return declare_features(vocabulary).available(vocabulary)


def declare_features(vocabulary: Vocabulary) -> Catalog:
    """Declare every feature for a shop's names, those included that its tables do not support."""
    features = [
        *RFM, *RFM_SCORES, *PURCHASES, *RHYTHM, *BASKETS, *RETURNS, *BROWSING,
        *messaging_features(vocabulary.channels),
        *store_features(vocabulary.stores),
        *PROFILE,
        *attribute_features(vocabulary.attributes, vocabulary.channels),
        *CALENDAR,
        *contact_features(vocabulary.points, vocabulary.tables),
    ]  # fmt: skip
    relations = make_relations(vocabulary)
    statistics = (*RFM_QUANTILES, CHANNEL_RATES, POPULATION, SEASON)
    return Catalog(features, relations, statistics)
