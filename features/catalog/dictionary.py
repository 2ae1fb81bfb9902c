"""Puts all features of Nextbuy together into the catalog of a shop."""

from features.catalog.basket_features import BASKETS
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
from features.catalog.purchase_features import PURCHASES
from features.catalog.relations import make_relations
from features.catalog.return_features import RETURNS
from features.catalog.rfm_features import RFM, RFM_QUANTILES, RFM_SCORES
from features.catalog.rhythm_features import RHYTHM
from features.catalog.store_features import store_features
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary


def make_catalog(vocabulary: Vocabulary) -> Catalog:
    """Make the catalog of all features that a shop's tables and columns support.

    A family of features whose table the shop does not give is absent; it is not filled with zeros.

    Parameters
    ----------
    vocabulary : Vocabulary
        The shop's tables, columns and free names.

    Raises
    ------
    InputError
        Two features would have the same name in SQL.
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
