"""Over any history of consents, an oracle written row by row says which channels are allowed."""

from collections.abc import Iterable
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from features.arrays import TableColumns, object_array
from features.history.layout import TEXT_COLUMNS
from features.shop.contact_rules import ContactRules, FrequencyCap, QuietHours
from features.windows import DAY, read_cutoff, to_datetime
from models.channel.eligibility import check_eligibility, objects_to_profiling
from models.channel.recommend import Options, recommend_arms

ZONE = ZoneInfo("Europe/Warsaw")
NOW = read_cutoff("2026-03-29T18:00", ZONE)  # the clock went forward in the night before
CHANNELS = ("email", "sms", "phone")
Rows = list[dict[str, Any]]

# Few instants, so that many are equal, at the edge of a cap's days, or after NOW.
INSTANTS = st.one_of(st.integers(-6, 2), st.integers(-120, 2)).map(lambda k: NOW + k * DAY // 4)
CONSENTS = st.fixed_dictionaries(
    {
        "scope": st.sampled_from((*CHANNELS, "profiling")),
        "granted": st.booleans(),
        "changed_at": INSTANTS,
        "known_at": INSTANTS,
        "store": st.sampled_from([None, None, "north", "south"]),
    }
)
MESSAGES = st.fixed_dictionaries(
    {
        "channel": st.sampled_from((*CHANNELS, "none")),
        "sent_at": INSTANTS,
        "known_at": INSTANTS,
        "unsubscribed_at": st.one_of(st.none(), st.none(), INSTANTS),
    }
).map(
    lambda m: (
        m
        | {
            "unsubscribed_known_at": m["unsubscribed_at"]
            and max(m["unsubscribed_at"], m["known_at"])
        }
    )
)
REACHABILITY = st.fixed_dictionaries(
    {
        "channel": st.sampled_from((*CHANNELS, None)),
        "reachable": st.sampled_from([True, True, False, None]),
        "known_at": st.one_of(INSTANTS, st.none()),
    }
)
TIMES = st.integers(3 * 60, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))
QUIET = st.lists(TIMES, min_size=2, max_size=2, unique=True).map(lambda pair: QuietHours(*pair))
CAPS = st.builds(
    FrequencyCap, st.integers(1, 4), st.sampled_from([7, 28]), st.sampled_from((*CHANNELS, None))
)
RULES = st.builds(
    ContactRules,
    st.just(ZONE),
    st.sets(st.sampled_from(CHANNELS)).map(sorted),
    st.lists(CAPS, max_size=3),
    st.dictionaries(st.sampled_from(CHANNELS), QUIET, max_size=2),
)


def _table(rows: Rows) -> TableColumns:
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    return {
        name: object_array(values) if name in TEXT_COLUMNS else np.array(values, dtype=float)
        for name, values in columns.items()
    }


def _tables(**rows: Rows) -> dict[str, TableColumns]:
    return {name: _table(of_table) for name, of_table in rows.items() if of_table}


def _word(consents: Iterable[dict[str, Any]], scope: str, store: str | None) -> bool | None:
    """Return the latest consent to a store that is known now; None without one."""
    last, word = None, None
    for row in consents:
        if row["scope"] != scope or row["store"] != store:
            continue
        if row["known_at"] > NOW or row["changed_at"] > NOW:
            continue
        if last is None or row["changed_at"] > last:
            last, word = row["changed_at"], row["granted"]
        elif row["changed_at"] == last:
            word = word and row["granted"]
    return word


def _is_allowed(
    channel: str, consents: Rows, messages: Rows, reachability: Rows, rules: ContactRules
) -> bool:
    said = [_word(consents, channel, store) for store in (None, "north", "south")]
    if False in said or not (said[0] or channel in rules.assume_consent):
        return False
    if _has_left(channel, consents, messages) or not _is_reachable(channel, reachability):
        return False
    if any(cap.channel in (None, channel) and _is_full(cap, messages) for cap in rules.caps):
        return False
    return not _is_quiet(rules.quiet_hours.get(channel), NOW)


def _has_left(channel: str, consents: Rows, messages: Rows) -> bool:
    for m in messages:
        if m["channel"] == channel and m["unsubscribed_at"] and m["unsubscribed_known_at"] <= NOW:
            came_back = [
                c for c in consents
                if c["scope"] == channel and c["store"] is None and c["granted"]
                and m["unsubscribed_at"] < c["changed_at"] <= NOW and c["known_at"] <= NOW
            ]  # fmt: skip
            if not came_back:
                return True
    return False


def _is_reachable(channel: str, reachability: Rows) -> bool:
    told = [
        (r["known_at"] or 0, not r["reachable"])
        for r in reachability
        if r["channel"] == channel and r["reachable"] is not None and (r["known_at"] or 0) <= NOW
    ]
    return not (told and max(told)[1])


def _is_full(cap: FrequencyCap, messages: Rows) -> bool:
    count = 0
    for m in messages:
        ours = m["channel"] == cap.channel if cap.channel else m["channel"] != "none"
        known = m["known_at"] <= NOW and m["sent_at"] <= NOW
        count += ours and known and NOW - m["sent_at"] < cap.days * DAY
    return count >= cap.most


def _is_quiet(quiet: QuietHours | None, instant: int) -> bool:
    if quiet is None:
        return False
    clock = to_datetime(instant).astimezone(ZONE).time()
    if quiet.start < quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


@given(
    history=st.fixed_dictionaries(
        {
            "consents": st.lists(CONSENTS, max_size=8),
            "messages": st.lists(MESSAGES, max_size=6),
            "reachability": st.lists(REACHABILITY, max_size=3),
        }
    ),
    rules=RULES,
    p=st.dictionaries(st.sampled_from((*CHANNELS, "none")), st.sampled_from([0.1, 0.2])),
    order=st.none() | st.permutations((*CHANNELS, "none")),
    preferred=st.none() | st.sampled_from(CHANNELS),
)
@settings(max_examples=600, deadline=None)
def test_only_what_the_oracle_allows_is_eligible_and_recommended(
    history: dict[str, Rows],
    rules: ContactRules,
    p: dict[str, float],
    order: list[str] | None,
    preferred: str | None,
) -> None:
    tables = _tables(**history)
    checks = [check_eligibility(c, tables, NOW, rules) for c in (*CHANNELS, "none")]
    eligible = [check.channel for check in checks if check.eligible]
    may_be_sent = np.array([[check.eligible for check in checks]])
    options = Options.of([check.channel for check in checks], may_be_sent, [preferred])
    worth = {arm: np.array([chance]) for arm, chance in p.items()}
    allowed = [c for c in CHANNELS if _is_allowed(c, **history, rules=rules)]
    assert eligible == [*allowed, "none"]
    assert options.arms[recommend_arms(order, worth, options)[0]] in eligible
    for check in checks:
        assert check.eligible == (check.why_not is None)
        assert check.eligible_from is None or (not check.eligible and check.eligible_from > NOW)


@given(messages=st.lists(MESSAGES, min_size=1, max_size=8), rules=RULES)
@settings(max_examples=300, deadline=None)
def test_a_channel_becomes_eligible_at_the_stated_instant_and_not_before(
    messages: Rows, rules: ContactRules
) -> None:
    known = [m for m in messages if max(m["known_at"], m["sent_at"]) <= NOW]
    sent = [m | {"unsubscribed_at": None, "unsubscribed_known_at": None} for m in known]
    given_once = dict.fromkeys(("changed_at", "known_at"), NOW - 90 * DAY) | {"store": None}
    consents = [given_once | {"scope": c, "granted": True} for c in CHANNELS]
    tables = _tables(consents=consents, messages=sent)
    for channel in CHANNELS:
        told = check_eligibility(channel, tables, NOW, rules)
        if not told.eligible:
            opens = told.eligible_from
            assert check_eligibility(channel, tables, opens, rules).eligible
            for instant in (opens - 1, *range(NOW, opens, max(1, (opens - NOW) // 20))):
                assert not check_eligibility(channel, tables, instant, rules).eligible


@given(consents=st.lists(CONSENTS, max_size=8))
@settings(max_examples=300, deadline=None)
def test_whoever_objects_to_profiling_by_any_store_is_refused(consents: Rows) -> None:
    said = [_word(consents, "profiling", store) for store in (None, "north", "south")]
    assert objects_to_profiling(_tables(consents=consents).get("consents"), NOW) == (False in said)


@given(
    history=st.fixed_dictionaries(
        {
            "consents": st.lists(CONSENTS, max_size=8),
            "messages": st.lists(MESSAGES, max_size=6),
            "reachability": st.lists(REACHABILITY, max_size=3),
        }
    ),
    rules=RULES,
    ahead=st.integers(0, 56),
)
@settings(max_examples=300, deadline=None)
def test_at_a_later_instant_of_sending_nothing_counts_that_was_not_known(
    history: dict[str, Rows], rules: ContactRules, ahead: int
) -> None:
    send_at = NOW + ahead * DAY // 4
    known = {
        name: [row for row in rows if row["known_at"] is None or row["known_at"] <= NOW]
        for name, rows in history.items()
    }
    unknown = {"unsubscribed_at": None, "unsubscribed_known_at": None}
    known["messages"] = [
        m | unknown if (m["unsubscribed_known_at"] or 0) > NOW else m for m in known["messages"]
    ]
    for channel in CHANNELS:
        split = check_eligibility(channel, _tables(**history), NOW, rules, send_at)
        assert split == check_eligibility(channel, _tables(**known), send_at, rules)
