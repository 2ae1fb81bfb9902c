"""Tests of the consents, frequency caps and quiet hours that decide on eligibility."""

from datetime import time
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from features.arrays import object_array
from features.shop.contact_rules import ContactRules, FrequencyCap, QuietHours
from features.windows import DAY, read_cutoff
from models.channel.eligibility import check_eligibility, objects_to_profiling

WARSAW = ZoneInfo("Europe/Warsaw")
RULES = ContactRules(WARSAW)


def _assume(channel: str) -> ContactRules:
    return ContactRules(WARSAW, [channel])


def _consents(*rows: tuple, store: tuple | None = None) -> dict[str, np.ndarray]:
    scope, granted, changed_at, known_at = zip(*rows, strict=True)
    return {
        "store": object_array(store or [None] * len(rows)),
        "scope": object_array(scope),
        "granted": np.array(granted, dtype=float),
        "changed_at": np.array(changed_at, dtype=float),
        "known_at": np.array(known_at, dtype=float),
    }


GIVEN_THEN_WITHDRAWN = _consents(("email", True, 10, 10), ("email", False, 20, 25))


@pytest.mark.parametrize(
    ("as_of", "eligible", "why_not"),
    [
        (9, False, "no consent"),
        (10, True, None),
        (24, True, None),  # withdrawn, but not known yet
        (25, False, "consent withdrawn"),
    ],
)
def test_the_latest_known_consent_counts(as_of: int, eligible: bool, why_not: str | None) -> None:
    check = check_eligibility("email", {"consents": GIVEN_THEN_WITHDRAWN}, as_of, RULES)
    assert (check.eligible, check.why_not) == (eligible, why_not)


def test_of_two_consents_at_the_same_instant_a_withdrawal_counts() -> None:
    both = _consents(("email", False, 10, 10), ("email", True, 10, 10))
    assert not check_eligibility("email", {"consents": both}, 10, RULES).eligible


def test_without_a_row_there_is_no_consent_unless_the_shop_assumes_it() -> None:
    assert not check_eligibility("sms", {}, 10, RULES).eligible
    assert not check_eligibility("sms", {"consents": GIVEN_THEN_WITHDRAWN}, 10, RULES).eligible
    assert check_eligibility("sms", {}, 10, _assume("sms")).eligible
    # an assumption never overrides what the customer said
    assert not check_eligibility(
        "email", {"consents": GIVEN_THEN_WITHDRAWN}, 30, _assume("email")
    ).eligible


def test_a_customer_who_cannot_be_reached_is_not_eligible() -> None:
    statements = {
        "channel": object_array(["email", "email", "sms"]),
        "reachable": np.array([1.0, 0.0, np.nan]),
        "known_at": np.array([5.0, 15.0, 5.0]),
    }
    given = _consents(("email", True, 1, 1), ("sms", True, 1, 1))
    tables = {"consents": given, "reachability": statements}
    assert check_eligibility("email", tables, 10, RULES).eligible
    assert check_eligibility("email", tables, 15, RULES).why_not == "not reachable"
    assert check_eligibility("sms", tables, 15, RULES).eligible


def test_a_consent_of_one_store_may_withdraw_and_never_grant() -> None:
    to_all, to_one = ("email", True, 10, 10), ("email", False, 20, 20)
    both = _consents(to_all, to_one, store=(None, "outlet"))
    assert check_eligibility("email", {"consents": both}, 15, RULES).eligible
    assert check_eligibility("email", {"consents": both}, 20, RULES).why_not == "consent withdrawn"
    later = _consents(("email", False, 10, 10), ("email", True, 20, 20), store=(None, "outlet"))
    assert not check_eligibility("email", {"consents": later}, 30, RULES).eligible
    only = _consents(("email", True, 10, 10), store=("outlet",))
    assert check_eligibility("email", {"consents": only}, 30, RULES).why_not == "no consent"
    objection = _consents(
        ("profiling", False, 10, 10), ("profiling", True, 20, 20), store=(None, "outlet")
    )
    assert objects_to_profiling(objection, 30)


def test_whoever_unsubscribed_is_asked_again_only_after_a_new_consent() -> None:
    messages = {
        "channel": object_array(["email", "sms"]),
        "unsubscribed_at": np.array([20.0, np.nan]),
        "unsubscribed_known_at": np.array([25.0, np.nan]),
    }
    both = _consents(("email", True, 10, 10), ("sms", True, 10, 10))
    tables = {"consents": both, "messages": messages}
    assert check_eligibility("sms", tables, 25, RULES).eligible  # messaged, did not unsubscribe
    assert check_eligibility("email", tables, 24, RULES).eligible
    assert check_eligibility("email", tables, 25, RULES).why_not == "unsubscribed"
    assert check_eligibility("email", {"messages": messages}, 25, _assume("email")).why_not
    again = _consents(("email", True, 10, 10), ("email", True, 30, 30))
    assert check_eligibility("email", tables | {"consents": again}, 30, RULES).eligible
    outlet = _consents(("email", True, 10, 10), ("email", True, 30, 30), store=(None, "outlet"))
    told = check_eligibility("email", tables | {"consents": outlet}, 30, RULES)
    assert told.why_not == "unsubscribed"  # from all stores, and asked again for one


def test_no_message_needs_no_consent() -> None:
    assert check_eligibility("none", {}, 10, RULES).eligible


def test_an_objection_to_profiling_counts_until_it_is_taken_back() -> None:
    words = _consents(("profiling", False, 10, 10), ("profiling", True, 30, 30))
    assert [objects_to_profiling(words, t) for t in (9, 10, 30)] == [False, True, False]
    assert not objects_to_profiling(None, 10)


def _sent(*rows: tuple[str, float, float]) -> dict[str, np.ndarray]:
    """Make messages of (channel, sent_at, known_at)."""
    channel, sent_at, known_at = zip(*rows, strict=True)
    never = np.full(len(rows), np.nan)
    return {
        "channel": object_array(channel),
        "sent_at": np.array(sent_at, dtype=float),
        "known_at": np.array(known_at, dtype=float),
        "unsubscribed_at": never,
        "unsubscribed_known_at": never,
    }


def _at(text: str) -> int:
    return read_cutoff(text, WARSAW)


NOON = _at("2026-05-04 12:00")
BOTH = _consents(("email", True, 1, 1), ("sms", True, 1, 1))


def _capped(*caps: FrequencyCap) -> ContactRules:
    return ContactRules(WARSAW, caps=caps)


@pytest.mark.parametrize(
    ("age", "eligible"), [(0, False), (7 * DAY - 1, False), (7 * DAY, True), (7 * DAY + 1, True)]
)
def test_a_message_at_the_edge_of_the_caps_days_counts_no_more(age: int, eligible: bool) -> None:
    tables = {"consents": BOTH, "messages": _sent(("sms", NOON - age, NOON - age))}
    assert (
        check_eligibility("sms", tables, NOON, _capped(FrequencyCap(1, 7, "sms"))).eligible
        == eligible
    )


def test_a_cap_says_how_many_when_the_last_was_sent_and_until_when() -> None:
    first, last = _at("2026-05-01 09:00"), _at("2026-05-02 00:30")  # in UTC still the first of May
    tables = {"consents": BOTH, "messages": _sent(("sms", first, first), ("sms", last, last))}
    told = check_eligibility("sms", tables, NOON, _capped(FrequencyCap(1, 7, "sms")))
    assert told.why_not == "cap of 1 in 7 days reached (last sent 2026-05-02)"
    assert told.eligible_from == last + 7 * DAY
    two = check_eligibility(
        "sms", tables, NOON, _capped(FrequencyCap(2, 28, None), FrequencyCap(2, 7, "sms"))
    )
    assert two.why_not == (
        "cap of 2 over all channels in 28 days reached (last sent 2026-05-02); "
        "cap of 2 in 7 days reached (last sent 2026-05-02)"
    )
    assert two.eligible_from == first + 28 * DAY
    assert check_eligibility("sms", tables, NOON, _capped(FrequencyCap(3, 7, "sms"))).eligible
    assert check_eligibility("email", tables, NOON, _capped(FrequencyCap(1, 7, "sms"))).eligible


def test_only_messages_that_were_known_and_sent_count() -> None:
    tables = {
        "consents": BOTH,
        "messages": _sent(
            ("none", NOON - 1, NOON - 1),  # deliberately no message
            ("sms", NOON - 1, NOON + 1),  # known later
            ("sms", NOON + 1, NOON - 1),  # planned
        ),
    }
    rules = _capped(FrequencyCap(1, 7, "sms"), FrequencyCap(1, 7, None))
    assert check_eligibility("sms", tables, NOON, rules).eligible
    assert not check_eligibility("sms", tables, NOON + 1, rules).eligible


NIGHT = QuietHours(time(21), time(8))


@pytest.mark.parametrize(
    ("local", "until"),
    [
        ("2026-05-04 20:59:59.999999", None),
        ("2026-05-04 21:00", "2026-05-05 08:00"),
        ("2026-05-05 00:00", "2026-05-05 08:00"),
        ("2026-05-05 07:59:59.999999", "2026-05-05 08:00"),
        ("2026-05-05 08:00", None),
        ("2026-03-28 21:30", "2026-03-29 08:00"),  # the night is an hour shorter
        ("2026-10-24 21:30", "2026-10-25 08:00"),  # and one longer
    ],
)
def test_quiet_hours_are_local_and_span_midnight(local: str, until: str | None) -> None:
    rules = ContactRules(WARSAW, quiet_hours={"sms": NIGHT})
    told = check_eligibility("sms", {"consents": BOTH}, _at(local), rules)
    if until is None:
        assert told.eligible
    else:
        assert told.why_not == "quiet hours until 08:00"
        assert told.eligible_from == _at(until)
    assert check_eligibility("email", {"consents": BOTH}, _at(local), rules).eligible


def test_a_cap_that_ends_in_quiet_hours_waits_for_their_end() -> None:
    sent = _at("2026-05-01 22:00")
    tables = {"consents": BOTH, "messages": _sent(("sms", sent, sent))}
    rules = ContactRules(WARSAW, caps=[FrequencyCap(1, 7, "sms")], quiet_hours={"sms": NIGHT})
    told = check_eligibility("sms", tables, NOON, rules)
    assert told.eligible_from == _at("2026-05-09 08:00")
    assert "quiet" not in told.why_not
    at_night = check_eligibility("sms", tables, _at("2026-05-04 23:00"), rules)
    assert at_night.why_not.endswith("(last sent 2026-05-01); quiet hours until 08:00")


def test_consent_comes_before_caps_and_quiet_hours_and_has_no_end() -> None:
    tables = {"messages": _sent(("sms", NOON - 1, NOON - 1))}
    rules = ContactRules(
        WARSAW, caps=[FrequencyCap(1, 7, "sms")], quiet_hours={"sms": QuietHours(time(0), time(23))}
    )
    told = check_eligibility("sms", tables, NOON, rules)
    assert (told.why_not, told.eligible_from) == ("no consent", None)
    assert check_eligibility("none", tables, NOON, rules).eligible


def test_caps_and_quiet_hours_are_those_at_the_instant_of_sending() -> None:
    sent, noon = _at("2026-05-01 22:00"), _at("2026-05-08 12:00")
    tables = {"consents": BOTH, "messages": _sent(("sms", sent, sent))}
    rules = ContactRules(WARSAW, caps=[FrequencyCap(1, 7, "sms")], quiet_hours={"sms": NIGHT})
    checks = {
        local: check_eligibility("sms", tables, NOON, rules, _at(f"2026-05-0{local}"))
        for local in ("8 12:00", "8 22:00", "9 12:00")
    }
    assert {local: check.why_not for local, check in checks.items()} == {
        "8 12:00": "cap of 1 in 7 days reached (last sent 2026-05-01)",
        "8 22:00": "quiet hours until 08:00",
        "9 12:00": None,
    }
    assert checks["8 12:00"].eligible_from == checks["8 22:00"].eligible_from
    assert check_eligibility("sms", tables, noon, rules) == checks["8 12:00"]


def test_at_the_instant_of_sending_counts_what_is_known_before_it() -> None:
    known_later, planned = (NOON + 1, NOON + 1), (NOON + 5, NOON - 5)  # happened, known
    withdrawn = [
        _consents(("sms", True, 1, 1), ("sms", False, *instants))
        for instants in (known_later, planned)
    ]
    send_at = NOON + 10
    checks = [check_eligibility("sms", {"consents": c}, NOON, RULES, send_at) for c in withdrawn]
    assert [check.why_not for check in checks] == [None, "consent withdrawn"]
    assert check_eligibility("sms", {"consents": withdrawn[1]}, NOON, RULES).eligible
    rules = _capped(FrequencyCap(1, 7, "sms"))
    capped = [
        check_eligibility("sms", {"consents": BOTH, "messages": _sent(row)}, NOON, rules, send_at)
        for row in (("sms", *known_later), ("sms", *planned))
    ]
    assert [check.eligible for check in capped] == [True, False]


def test_quiet_hours_meet_hours_that_they_share_a_minute_with() -> None:
    assert [h for h in range(0, 24, 3) if NIGHT.meet(h, 3)] == [0, 3, 6, 21]
    lunch = QuietHours(time(12), time(15))
    assert [h for h in range(0, 24, 3) if lunch.meet(h, 3)] == [12]
    assert [h for h in range(0, 24, 3) if QuietHours(time(21), time(0)).meet(h, 3)] == [21]
