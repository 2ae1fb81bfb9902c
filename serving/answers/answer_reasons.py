"""Lists the reasons that every answer of a shop states, whichever customer it is for.

An answer never leaves the caller guessing why something is null: a model that was not promoted, a
table or a column that the shop does not give, and consents that are assumed are all named.
"""

from collections.abc import Set

from features.catalog.dictionary import declare_features
from features.language.vocabulary import Vocabulary
from features.shop.shop import Shop
from models.kinds import CHANNEL, KINDS, ModelKind
from models.registry import Champions

# Name of a feature that an answer shows -> the field of the answer that shows it. Of `T` an answer
# shows only whether the customer has bought.
FIELDS_OF_FEATURES = {
    "T": "status",
    "gap_median": "next_purchase.typical_gap_days",
    "due_category": "next_purchase.due",
    "activity_group": "activity_group",
    "contact_score": "contact_score",
}
_PREFERRED = "preferred_channel"
_ALL_POSSIBLE = (
    f"the {CHANNEL} model was trained without the table consents, as if everybody had consented to "
    "every channel"
)


def list_answer_reasons(champions: Champions, shop: Shop, vocabulary: Vocabulary) -> list[str]:
    """List what the `reason` of every answer states: null fields with their cause, and assumptions.

    What is assumed is consent to channels, by the shop's settings, and that everybody could have
    been sent every channel, by a channel model that learned from a log without consents.

    Parameters
    ----------
    champions : Champions
        The promoted models that answer.
    shop : Shop
        Settings of nextbuy.toml.
    vocabulary : Vocabulary
        Tables and columns of the history store that answers are computed from.

    Returns
    -------
    list of str
        Sentences without a full stop, in the order in which an answer states them.
    """
    reasons = [_missing_model_reason(kind, vocabulary) for kind in champions.missing]
    if champions.channel is not None:
        if shop.channels.assume_consent:
            assumed = ", ".join(shop.channels.assume_consent)
            reasons.append(f"consent to {assumed} is assumed by nextbuy.toml")
        if "consents" not in champions.by_kind[CHANNEL].head.vocabulary.tables:
            reasons.append(_ALL_POSSIBLE)
        if _PREFERRED not in vocabulary.attributes:
            reasons.append(_no_preferred_channel_reason(vocabulary))
    return [*reasons, *_missing_feature_reasons(vocabulary)]


def _missing_model_reason(kind: ModelKind, vocabulary: Vocabulary) -> str:
    """Name the section of an answer that is null because a kind of model has no champion."""
    reason = f"{KINDS[kind].section} is null because no {kind} model has been promoted"
    if kind == CHANNEL and "messages" not in vocabulary.tables:
        return f"{reason}, which learns from the table messages that the shop does not give"
    return reason


def _missing_feature_reasons(vocabulary: Vocabulary) -> list[str]:
    """Name the fields whose feature cannot be computed, and the tables and columns it lacks."""
    declared = declare_features(vocabulary)
    missing = {
        field: declared.missing(declared[name], vocabulary)
        for name, field in FIELDS_OF_FEATURES.items()
    }
    return [
        _null_reason(field, _describe_missing(needs)) for field, needs in missing.items() if needs
    ]


def _describe_missing(needs: Set[str]) -> list[str]:
    """Describe missing tables and columns; of a missing table no column is named.

    >>> _describe_missing({"order_lines", "order_lines.product_id", "products.category"})
    ['table order_lines', 'column products.category']
    """
    tables = sorted(need for need in needs if "." not in need)
    columns = sorted(need for need in needs if "." in need and need.split(".")[0] not in tables)
    return [*(f"table {name}" for name in tables), *(f"column {name}" for name in columns)]


def _no_preferred_channel_reason(vocabulary: Vocabulary) -> str:
    """Explain why no answer contains the channel that the customer prefers."""
    reason = _null_reason("channel.preferred", [f"column customers.{_PREFERRED}"])
    if "customers" in vocabulary.tables and not vocabulary.gives("customers.known_at"):
        return (
            f"{reason} that may be used: without customers.known_at, nextbuy.toml must list it "
            "among the static columns"
        )
    return reason


def _null_reason(field: str, missing: list[str]) -> str:
    """Write the sentence that explains why a field is null.

    >>> _null_reason("next_purchase.due", ["table order_lines"])
    'next_purchase.due is null because the shop gives no table order_lines'
    """
    return f"{field} is null because the shop gives no {' and no '.join(missing)}"
