"""Policy: through which channels a customer may be asked, and which one is recommended."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.inputs.history import Array, Table
from features.inputs.objections import SCOPE
from features.inputs.windows import Window
from models.channel import NO_MESSAGE


class Eligibility(msgspec.Struct, frozen=True):
    """Whether a customer may be asked through a channel, and why not."""

    channel: str
    eligible: bool
    why_not: str | None


def objects_to_profiling(consents: Table | None, as_of: int) -> bool:
    """Say whether the customer has objected to profiling, by any store; no word is no objection."""
    return False in _latest_words(consents, SCOPE, as_of).values()


def check_eligibility(
    channel: str, tables: Mapping[str, Table], as_of: int, assume_consent: Sequence[str]
) -> Eligibility:
    """Decide whether a channel may be used for one customer at an instant.

    A request names no store yet, so that an answer must hold for every store: a consent counts
    if it was given to all of them (a row without a store), a withdrawal from any counts.

    Parameters
    ----------
    tables : the customer's history
        `consents`: no word on the channel means no consent, unless the shop says in
        `assume_consent` that it has it by other means. `messages`: who unsubscribed from one
        after the latest consent has withdrawn it. `reachability`: the latest statement counts;
        none at all says nothing against the channel.
    """
    if channel == NO_MESSAGE:
        return Eligibility(channel, True, None)
    words = _latest_words(tables.get("consents"), channel, as_of)
    if False in words.values():
        return Eligibility(channel, False, "consent withdrawn")
    if None not in words and channel not in assume_consent:
        return Eligibility(channel, False, "no consent")
    if _has_unsubscribed(tables, channel, as_of):
        return Eligibility(channel, False, "unsubscribed")
    if _latest_reachable(tables.get("reachability"), channel, as_of) is False:
        return Eligibility(channel, False, "not reachable")
    return Eligibility(channel, True, None)


def recommend(
    p_conversion: Mapping[str, float],
    eligible: Sequence[str],
    default_order: Sequence[str] | None,
) -> str:
    """Choose among the eligible arms.

    Parameters
    ----------
    default_order : sequence of str or None
        Where the data identify no effect: the first eligible channel of this order. None
        chooses the arm with the highest conversion.
    """
    if default_order is not None:
        return next((c for c in default_order if c in eligible and c != NO_MESSAGE), NO_MESSAGE)
    return max(eligible, key=lambda channel: p_conversion.get(channel, 0.0))


def _latest_words(consents: Table | None, scope: str, as_of: int) -> dict[str | None, bool]:
    """Give the latest known word on a scope, by store; None is the word to all stores."""
    if consents is None:
        return {}
    known = Window(as_of).known(consents["changed_at"], consents["known_at"])
    of_scope = known & (consents["scope"] == scope)
    words = {}
    for store in set(consents["store"][of_scope]):
        rows = of_scope & (consents["store"] == store)
        words[store] = bool(_last_word(rows, consents["changed_at"], consents["granted"]))
    return words


def _has_unsubscribed(tables: Mapping[str, Table], channel: str, as_of: int) -> bool:
    """Say whether a message of the channel made the customer unsubscribe, with no consent since."""
    messages, consents = tables.get("messages"), tables.get("consents")
    if messages is None:
        return False
    rows = (messages["channel"] == channel) & (messages["unsubscribed_known_at"] <= as_of)
    if not rows.any():
        return False
    latest = messages["unsubscribed_at"][rows].max()
    if consents is None:
        return True
    known = Window(as_of).known(consents["changed_at"], consents["known_at"])
    again = known & (consents["scope"] == channel) & (consents["granted"] == 1)
    return not bool((again & (consents["changed_at"] > latest)).any())


def _latest_reachable(reachability: Table | None, channel: str, as_of: int) -> bool | None:
    if reachability is None:
        return None
    known_at = np.nan_to_num(reachability["known_at"], nan=-np.inf)  # a table without a clock
    stated = (reachability["channel"] == channel) & ~np.isnan(reachability["reachable"])
    return _last_word(stated & (known_at <= as_of), known_at, reachability["reachable"])


def _last_word(mask: NDArray[np.bool_], instant: Array, value: Array) -> bool | None:
    """Take the latest value; of several at the same instant a no counts."""
    if not mask.any():
        return None
    instant, value = instant[mask], value[mask]
    return bool(value[instant == instant.max()].min())
