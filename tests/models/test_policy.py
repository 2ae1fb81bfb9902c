import numpy as np
import pytest

from features.inputs.history import object_array
from models.policy import check_eligibility, objects_to_profiling, recommend


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
def test_the_latest_known_word_counts(as_of: int, eligible: bool, why_not: str | None) -> None:
    check = check_eligibility("email", {"consents": GIVEN_THEN_WITHDRAWN}, as_of, [])
    assert (check.eligible, check.why_not) == (eligible, why_not)


def test_of_two_words_at_the_same_instant_the_no_counts() -> None:
    both = _consents(("email", False, 10, 10), ("email", True, 10, 10))
    assert not check_eligibility("email", {"consents": both}, 10, []).eligible


def test_no_word_is_no_consent_unless_the_shop_assumes_it() -> None:
    assert not check_eligibility("sms", {}, 10, []).eligible
    assert not check_eligibility("sms", {"consents": GIVEN_THEN_WITHDRAWN}, 10, []).eligible
    assert check_eligibility("sms", {}, 10, ["sms"]).eligible
    # an assumption never overrides what the customer said
    assert not check_eligibility(
        "email", {"consents": GIVEN_THEN_WITHDRAWN}, 30, ["email"]
    ).eligible


def test_a_customer_who_cannot_be_reached_is_not_eligible() -> None:
    statements = {
        "channel": object_array(["email", "email", "sms"]),
        "reachable": np.array([1.0, 0.0, np.nan]),
        "known_at": np.array([5.0, 15.0, 5.0]),
    }
    given = _consents(("email", True, 1, 1), ("sms", True, 1, 1))
    tables = {"consents": given, "reachability": statements}
    assert check_eligibility("email", tables, 10, []).eligible
    assert check_eligibility("email", tables, 15, []).why_not == "not reachable"
    assert check_eligibility("sms", tables, 15, []).eligible


def test_a_word_to_one_store_may_withdraw_and_never_grant() -> None:
    to_all, to_one = ("email", True, 10, 10), ("email", False, 20, 20)
    both = _consents(to_all, to_one, store=(None, "outlet"))
    assert check_eligibility("email", {"consents": both}, 15, []).eligible
    assert check_eligibility("email", {"consents": both}, 20, []).why_not == "consent withdrawn"
    later = _consents(("email", False, 10, 10), ("email", True, 20, 20), store=(None, "outlet"))
    assert not check_eligibility("email", {"consents": later}, 30, []).eligible
    only = _consents(("email", True, 10, 10), store=("outlet",))
    assert check_eligibility("email", {"consents": only}, 30, []).why_not == "no consent"
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
    assert check_eligibility("sms", tables, 25, []).eligible  # messaged, did not unsubscribe
    assert check_eligibility("email", tables, 24, []).eligible
    assert check_eligibility("email", tables, 25, []).why_not == "unsubscribed"
    assert check_eligibility("email", {"messages": messages}, 25, ["email"]).why_not
    again = _consents(("email", True, 10, 10), ("email", True, 30, 30))
    assert check_eligibility("email", tables | {"consents": again}, 30, []).eligible


def test_no_message_needs_no_consent() -> None:
    assert check_eligibility("none", {}, 10, []).eligible


def test_an_objection_to_profiling_counts_until_it_is_taken_back() -> None:
    words = _consents(("profiling", False, 10, 10), ("profiling", True, 30, 30))
    assert [objects_to_profiling(words, t) for t in (9, 10, 30)] == [False, True, False]
    assert not objects_to_profiling(None, 10)


def test_the_highest_conversion_among_the_eligible_is_recommended() -> None:
    p = {"email": 0.05, "sms": 0.09, "none": 0.02}
    assert recommend(p, ["email", "sms", "none"], None) == "sms"
    assert recommend(p, ["email", "none"], None) == "email"
    assert recommend(p, ["none"], None) == "none"


def test_without_identified_effects_the_shops_order_is_followed() -> None:
    p = {"email": 0.05, "sms": 0.09, "none": 0.99}
    assert recommend(p, ["sms", "email", "none"], ["phone", "email", "sms"]) == "email"
    assert recommend(p, ["none"], ["phone", "email"]) == "none"
