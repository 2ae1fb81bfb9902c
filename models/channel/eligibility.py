"""Eligibility: through which channels a customer may be asked now, and why not through others."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, TableColumns
from features.contract.tables import PROFILING_SCOPE
from features.shop.contact_rules import ContactRules, FrequencyCap
from features.windows import DAY, Window, to_datetime
from models.arms import NO_MESSAGE

_EVERY_STORE = None  # in place of a store: the word is to all of them


class Eligibility(msgspec.Struct, frozen=True):
    """Whether a customer may be asked through a channel, and why not.

    Attributes
    ----------
    eligible_from : int or None
        Where only caps and quiet hours stand against it: the first instant after them, as far
        as is known now.
    """

    channel: str
    eligible: bool
    why_not: str | None = None
    eligible_from: int | None = None


def objects_to_profiling(consents: TableColumns | None, as_of: int) -> bool:
    """Say whether the customer has objected to profiling, by any store; no word is no objection."""
    return False in _latest_words(consents, PROFILING_SCOPE, as_of).values()


def check_eligibility(
    channel: str, tables: Mapping[str, TableColumns], as_of: int, rules: ContactRules
) -> Eligibility:
    """Decide whether a channel may be used for one customer at an instant.

    A request names no store yet, so that an answer must hold for every store: a consent counts
    if it was given to all of them (a row without a store), a withdrawal from any counts.

    Parameters
    ----------
    tables : the customer's history
        `consents`: no word on the channel means no consent, unless the shop says in
        `assume_consent` that it has it by other means. `messages`: who unsubscribed from one
        after the latest consent has withdrawn it; those sent count against the caps.
        `reachability`: the latest statement counts; none at all says nothing against the
        channel.
    """
    if channel == NO_MESSAGE:
        return Eligibility(channel, True)
    refusal = _find_refusal(channel, tables, as_of, rules.assume_consent)
    if refusal is not None:
        return Eligibility(channel, False, refusal)
    return _check_timing(channel, tables.get("messages"), as_of, rules)


def _find_refusal(
    channel: str, tables: Mapping[str, TableColumns], as_of: int, assume_consent: Sequence[str]
) -> str | None:
    """Say what forbids a channel at any hour; None if nothing does."""
    words = _latest_words(tables.get("consents"), channel, as_of)
    if False in words.values():
        return "consent withdrawn"
    if _EVERY_STORE not in words and channel not in assume_consent:
        return "no consent"
    if _has_unsubscribed(tables, channel, as_of):
        return "unsubscribed"
    if _latest_reachable(tables.get("reachability"), channel, as_of) is False:
        return "not reachable"
    return None


def _check_timing(
    channel: str, messages: TableColumns | None, as_of: int, rules: ContactRules
) -> Eligibility:
    """Check caps and quiet hours of a channel that may be used at other times."""
    reasons, opens_at = [], as_of
    for cap in rules.caps:
        if cap.channel in (None, channel) and messages is not None:
            sent = _sent_within(cap, messages, as_of)
            if len(sent) >= cap.most:
                last = to_datetime(int(sent[-1])).astimezone(rules.timezone)
                reasons.append(f"{cap} reached (last sent {last:%Y-%m-%d})")
                opens_at = max(opens_at, int(sent[-cap.most]) + cap.days * DAY)
    quiet = rules.quiet_hours.get(channel)
    if quiet is not None:
        if quiet.end_after(as_of, rules.timezone) is not None:
            reasons.append(f"quiet hours until {quiet.end:%H:%M}")
        opens_at = quiet.end_after(opens_at, rules.timezone) or opens_at
    if not reasons:
        return Eligibility(channel, True)
    return Eligibility(channel, False, "; ".join(reasons), opens_at)


def _sent_within(cap: FrequencyCap, messages: TableColumns, as_of: int) -> Array:
    """Give the instants of the messages that count against a cap, rising; `none` is no message.

    One that was sent as many days ago as the cap has, to the microsecond, counts no more.
    """
    known = Window(as_of, cap.days).known(messages["sent_at"], messages["known_at"])
    channel = messages["channel"]
    counted = channel != NO_MESSAGE if cap.channel is None else channel == cap.channel
    return np.sort(messages["sent_at"][known & counted])


def _latest_words(consents: TableColumns | None, scope: str, as_of: int) -> dict[str | None, bool]:
    """Give the latest known word on a scope, by store."""
    if consents is None:
        return {}
    known = Window(as_of).known(consents["changed_at"], consents["known_at"])
    of_scope = known & (consents["scope"] == scope)
    words = {}
    for store in set(consents["store"][of_scope]):
        rows = of_scope & (consents["store"] == store)
        words[store] = bool(_last_word(rows, consents["changed_at"], consents["granted"]))
    return words


def _has_unsubscribed(tables: Mapping[str, TableColumns], channel: str, as_of: int) -> bool:
    """Say whether a message of the channel made the customer unsubscribe, with no consent since.

    A later consent to one store does not bring back the others.
    """
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
    again &= consents["store"] == _EVERY_STORE
    return not bool((again & (consents["changed_at"] > latest)).any())


def _latest_reachable(reachability: TableColumns | None, channel: str, as_of: int) -> bool | None:
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
