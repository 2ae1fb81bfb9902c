"""Policy: through which channels a customer may be asked, and which one is recommended."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.history import Array, Table
from features.objections import SCOPE
from features.windows import Window
from models.channel import NO_MESSAGE


class Eligibility(msgspec.Struct, frozen=True):
    """Whether a customer may be asked through a channel, and why not."""

    channel: str
    eligible: bool
    why_not: str | None


def objects_to_profiling(consents: Table | None, as_of: int) -> bool:
    """Say whether the customer has objected to profiling; no word is no objection."""
    return _latest_consent(consents, SCOPE, as_of) is False


def check_eligibility(
    channel: str,
    consents: Table | None,
    reachability: Table | None,
    as_of: int,
    assume_consent: Sequence[str],
) -> Eligibility:
    """Decide whether a channel may be used for one customer at an instant.

    Parameters
    ----------
    consents : columns scope, granted, changed_at, known_at
        The customer's own; None without any. No word on the channel means no consent, unless
        the shop says in `assume_consent` that it has it by other means.
    reachability : columns channel, reachable, known_at
        The latest statement known counts; none at all says nothing against the channel.
    """
    if channel == NO_MESSAGE:
        return Eligibility(channel, True, None)
    granted = _latest_consent(consents, channel, as_of)
    if granted is False:
        return Eligibility(channel, False, "consent withdrawn")
    if granted is None and channel not in assume_consent:
        return Eligibility(channel, False, "no consent")
    if _latest_reachable(reachability, channel, as_of) is False:
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


def _latest_consent(consents: Table | None, scope: str, as_of: int) -> bool | None:
    if consents is None:
        return None
    known = Window(as_of).known(consents["changed_at"], consents["known_at"])
    of_scope = known & (consents["scope"] == scope)
    return _last_word(of_scope, consents["changed_at"], consents["granted"])


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
