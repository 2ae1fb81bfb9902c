import numpy as np
import pytest

from features.history import object_array
from models.policy import check_eligibility, objects_to_profiling, recommend


def _consents(*rows: tuple[str, bool, float, float]) -> dict[str, np.ndarray]:
    scope, granted, changed_at, known_at = zip(*rows, strict=True)
    return {
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
    check = check_eligibility("email", GIVEN_THEN_WITHDRAWN, None, as_of, [])
    assert (check.eligible, check.why_not) == (eligible, why_not)


def test_of_two_words_at_the_same_instant_the_no_counts() -> None:
    both = _consents(("email", False, 10, 10), ("email", True, 10, 10))
    assert not check_eligibility("email", both, None, 10, []).eligible


def test_no_word_is_no_consent_unless_the_shop_assumes_it() -> None:
    assert not check_eligibility("sms", None, None, 10, []).eligible
    assert not check_eligibility("sms", GIVEN_THEN_WITHDRAWN, None, 10, []).eligible
    assert check_eligibility("sms", None, None, 10, ["sms"]).eligible
    # an assumption never overrides what the customer said
    assert not check_eligibility("email", GIVEN_THEN_WITHDRAWN, None, 30, ["email"]).eligible


def test_a_customer_who_cannot_be_reached_is_not_eligible() -> None:
    statements = {
        "channel": object_array(["email", "email", "sms"]),
        "reachable": np.array([1.0, 0.0, np.nan]),
        "known_at": np.array([5.0, 15.0, 5.0]),
    }
    given = _consents(("email", True, 1, 1), ("sms", True, 1, 1))
    assert check_eligibility("email", given, statements, 10, []).eligible
    assert check_eligibility("email", given, statements, 15, []).why_not == "not reachable"
    assert check_eligibility("sms", given, statements, 15, []).eligible


def test_no_message_needs_no_consent() -> None:
    assert check_eligibility("none", None, None, 10, []).eligible


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
