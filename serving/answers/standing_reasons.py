"""What every answer of a shop states as its reason, whoever is asked about.

An answer never leaves the caller guessing why something is null: a model that was not promoted, a
table or a column that the shop does not give, and a consent that is assumed are all named.
"""

from collections.abc import Set

from features.catalog.dictionary import declare_features
from features.language.vocabulary import Vocabulary
from features.shop.shop import Shop
from models.kinds import CHANNEL, KINDS, ModelKind
from models.registry import Champions

# The features that an answer shows -> the field that shows each of them. An answer shows of `T`
# only whether the customer has bought.
SHOWN = {
    "T": "status",
    "gap_median": "next_purchase.typical_gap_days",
    "due_category": "next_purchase.due",
    "activity_group": "activity_group",
    "contact_score": "contact_score",
}
_PREFERRED = "preferred_channel"


def standing_reasons(champions: Champions, shop: Shop, vocabulary: Vocabulary) -> list[str]:
    """State what holds for every answer that is given from these champions and this store.

    Parameters
    ----------
    vocabulary : Vocabulary
        Of the history store: the tables and columns that answers are computed from.

    Returns
    -------
    list of str
        Sentences without a full stop, in the order in which an answer states them.
    """
    reasons = [_no_model(kind, vocabulary) for kind in champions.missing]
    if champions.channel is not None:
        if shop.channels.assume_consent:
            assumed = ", ".join(shop.channels.assume_consent)
            reasons.append(f"consent to {assumed} is assumed by nextbuy.toml")
        if _PREFERRED not in vocabulary.attributes:
            reasons.append(_no_preferred_channel(vocabulary))
    return [*reasons, *_missing_features(vocabulary)]


def _no_model(kind: ModelKind, vocabulary: Vocabulary) -> str:
    """Say which part of an answer is null because a kind of model has no champion."""
    reason = f"{KINDS[kind].section} is null because no {kind} model has been promoted"
    if kind == CHANNEL and "messages" not in vocabulary.tables:
        return f"{reason}, which learns from the table messages that the shop does not give"
    return reason


def _missing_features(vocabulary: Vocabulary) -> list[str]:
    """Name the field of each shown feature that the shop cannot have, and what it lacks for it."""
    declared = declare_features(vocabulary)
    missing = {field: declared.missing(declared[name], vocabulary) for name, field in SHOWN.items()}
    return [_null(field, _in_words(needs)) for field, needs in missing.items() if needs]


def _in_words(needs: Set[str]) -> list[str]:
    """Name missing tables and columns, of a missing table no column.

    >>> _in_words({"order_lines", "order_lines.product_id", "products.category"})
    ['table order_lines', 'column products.category']
    """
    tables = sorted(need for need in needs if "." not in need)
    columns = sorted(need for need in needs if "." in need and need.split(".")[0] not in tables)
    return [*(f"table {name}" for name in tables), *(f"column {name}" for name in columns)]


def _no_preferred_channel(vocabulary: Vocabulary) -> str:
    """Say why no answer knows the channel that the customer prefers."""
    said = _null("channel.preferred", [f"column customers.{_PREFERRED}"])
    if "customers" in vocabulary.tables and not vocabulary.gives("customers.known_at"):
        return (
            f"{said} that may be used: without customers.known_at, nextbuy.toml must list it "
            "among the static columns"
        )
    return said


def _null(field: str, lacking: list[str]) -> str:
    """Write the reason of a null.

    >>> _null("next_purchase.due", ["table order_lines"])
    'next_purchase.due is null because the shop gives no table order_lines'
    """
    return f"{field} is null because the shop gives no {' and no '.join(lacking)}"
