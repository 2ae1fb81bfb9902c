"""Decides which channels may be used for a customer at an instant, and why the others may not."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from features.arrays import Array, Flags, TableColumns
from features.contract.tables import PROFILING_SCOPE
from features.shop.contact_rules import ContactRules, FrequencyCap
from features.windows import DAY, Window, to_datetime
from models.arms import NO_MESSAGE

_EVERY_STORE = None  # the store of a consent that was given to all stores


class Eligibility(msgspec.Struct, frozen=True):
    """Whether a customer may be sent a message through a channel, and why not.

    Attributes
    ----------
    channel : str
        The name of a channel, or `none`.
    eligible : bool
        Whether a message may be sent at the instant of sending.
    why_not : str or None
        The reasons against it, in words; None where it is eligible.
    eligible_from : int or None
        The first instant after frequency caps and quiet hours, in microseconds since 1970-01-01
        UTC, as far as is known; None where nothing or something else is against it.
    """

    channel: str
    eligible: bool
    why_not: str | None = None
    eligible_from: int | None = None


class _Instants(msgspec.Struct, frozen=True):
    """The last instant that is known, and the instant of sending, which is not before it."""

    as_of: int
    send_at: int

    def known(self, happened: Array, known: Array, lookback: int | None = None) -> Flags:
        """Return for each row whether it is known, and happens by the instant of sending."""
        return Window(self.send_at, lookback).known(happened, happened) & (known <= self.as_of)


def objects_to_profiling(consents: TableColumns | None, as_of: int) -> bool:
    """Tell whether the customer has objected to profiling at any store, as known at an instant.

    Parameters
    ----------
    consents : columns or None
        The customer's rows of `consents`; without any there is no objection.
    as_of : int
        The instant, in microseconds since 1970-01-01 UTC.
    """
    return False in _latest_consents(consents, PROFILING_SCOPE, _Instants(as_of, as_of)).values()


def check_eligibility(
    channel: str,
    tables: Mapping[str, TableColumns],
    as_of: int,
    rules: ContactRules,
    send_at: int | None = None,
) -> Eligibility:
    """Decide whether a channel may be used for one customer at an instant.

    The frequency caps and quiet hours are those at the instant of sending; of consents, messages
    and reachability only what was known before is read, as if nothing were sent in between.

    A request names no store, so that the decision must hold for every store: a consent counts
    only if it was given to all stores (a row without a store); a withdrawal at any store counts.

    Parameters
    ----------
    channel : str
        The name of a channel, or `none`, which is always eligible.
    tables : dict of str to columns
        The customer's history. Without a row of `consents` for the channel there is no consent,
        unless the shop lists the channel in `assume_consent`. An unsubscription from a message
        of `messages` after the latest consent withdraws it; messages that were sent count
        against the frequency caps. Of `reachability` the latest row counts; without a row the
        customer counts as reachable.
    as_of : int
        The last instant that is known, in microseconds since 1970-01-01 UTC.
    rules : ContactRules
        The shop's frequency caps, quiet hours and assumed consents.
    send_at : int, optional
        The instant of sending, not before `as_of`; without it, `as_of`.
    """
    if channel == NO_MESSAGE:
        return Eligibility(channel, True)
    instants = _Instants(as_of, as_of if send_at is None else send_at)
    refusal = _find_refusal(channel, tables, instants, rules.assume_consent)
    if refusal is not None:
        return Eligibility(channel, False, refusal)
    return _check_timing(channel, tables.get("messages"), instants, rules)


def _find_refusal(
    channel: str,
    tables: Mapping[str, TableColumns],
    instants: _Instants,
    assume_consent: Sequence[str],
) -> str | None:
    """Return the reason that forbids a channel at any hour; None if nothing does."""
    consents = _latest_consents(tables.get("consents"), channel, instants)
    if False in consents.values():
        return "consent withdrawn"
    if _EVERY_STORE not in consents and channel not in assume_consent:
        return "no consent"
    if _has_unsubscribed(tables, channel, instants):
        return "unsubscribed"
    if _latest_reachable(tables.get("reachability"), channel, instants.as_of) is False:
        return "not reachable"
    return None


def _check_timing(
    channel: str, messages: TableColumns | None, instants: _Instants, rules: ContactRules
) -> Eligibility:
    """Check the frequency caps and quiet hours of a channel that may be used at other times."""
    reasons, opens_at = [], instants.send_at
    for cap in rules.caps:
        if cap.channel in (None, channel) and messages is not None:
            sent = _sent_within(cap, messages, instants)
            if len(sent) >= cap.most:
                last = to_datetime(int(sent[-1])).astimezone(rules.timezone)
                reasons.append(f"{cap} reached (last sent {last:%Y-%m-%d})")
                opens_at = max(opens_at, int(sent[-cap.most]) + cap.days * DAY)
    quiet = rules.quiet_hours.get(channel)
    if quiet is not None:
        if quiet.end_after(instants.send_at, rules.timezone) is not None:
            reasons.append(f"quiet hours until {quiet.end:%H:%M}")
        opens_at = quiet.end_after(opens_at, rules.timezone) or opens_at
    if not reasons:
        return Eligibility(channel, True)
    return Eligibility(channel, False, "; ".join(reasons), opens_at)


def _sent_within(cap: FrequencyCap, messages: TableColumns, instants: _Instants) -> Array:
    """Return the rising instants of the messages that count against a cap; `none` never does.

    A message that was sent exactly as many days ago as the cap's period no longer counts.
    """
    known = instants.known(messages["sent_at"], messages["known_at"], cap.days)
    channel = messages["channel"]
    counted = channel != NO_MESSAGE if cap.channel is None else channel == cap.channel
    return np.sort(messages["sent_at"][known & counted])


def _latest_consents(
    consents: TableColumns | None, scope: str, instants: _Instants
) -> dict[str | None, bool]:
    """Return whether the latest known row of a scope grants consent, by store."""
    if consents is None:
        return {}
    known = instants.known(consents["changed_at"], consents["known_at"])
    of_scope = known & (consents["scope"] == scope)
    granted = {}
    for store in set(consents["store"][of_scope]):
        rows = of_scope & (consents["store"] == store)
        granted[store] = bool(_latest_value(rows, consents["changed_at"], consents["granted"]))
    return granted


def _has_unsubscribed(
    tables: Mapping[str, TableColumns], channel: str, instants: _Instants
) -> bool:
    """Tell whether the customer unsubscribed from the channel, without a later consent.

    A later consent counts only if it was given to all stores.
    """
    messages, consents = tables.get("messages"), tables.get("consents")
    if messages is None:
        return False
    rows = (messages["channel"] == channel) & (messages["unsubscribed_known_at"] <= instants.as_of)
    if not rows.any():
        return False
    latest = messages["unsubscribed_at"][rows].max()
    if consents is None:
        return True
    known = instants.known(consents["changed_at"], consents["known_at"])
    granted = known & (consents["scope"] == channel) & (consents["granted"] == 1)
    granted &= consents["store"] == _EVERY_STORE
    return not bool((granted & (consents["changed_at"] > latest)).any())


def _latest_reachable(reachability: TableColumns | None, channel: str, as_of: int) -> bool | None:
    """Return whether the customer is reachable by the latest known row; None without a row."""
    if reachability is None:
        return None
    # Reachability from a table without `known_at` has always been known.
    known_at = np.nan_to_num(reachability["known_at"], nan=-np.inf)
    stated = (reachability["channel"] == channel) & ~np.isnan(reachability["reachable"])
    return _latest_value(stated & (known_at <= as_of), known_at, reachability["reachable"])


def _latest_value(mask: NDArray[np.bool_], instant: Array, value: Array) -> bool | None:
    """Return the latest value of some rows, False if rows of the same instant disagree."""
    if not mask.any():
        return None
    instant, value = instant[mask], value[mask]
    return bool(value[instant == instant.max()].min())
