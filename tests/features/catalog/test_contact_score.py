"""Tests of the contact score, added up by hand."""

from tests.features.catalog.small_history import ago, compute, make_history

_POINTS = {"purchase": 10, "return": -5, "view": 1, "opened": 2, "clicked": 3, "unsubscribed": -20}
_HISTORY = make_history(
    orders=[{"ago": 2, "amount": 100}, {"ago": 95, "amount": 100}],
    returns=[{"ago": 1, "amount": 100}],
    events=[{"ago": 3, "event_type": "view"}, {"ago": 3, "event_type": "search"}],
    messages=[
        {"ago": 20, "channel": "email", "opened_at": ago(19), "opened_known_at": ago(19),
         "clicked_at": ago(18), "clicked_known_at": ago(18)},
    ],
)  # fmt: skip


def test_the_score_adds_up_the_points_of_all_interactions_of_91_days() -> None:
    score = compute(_HISTORY, "contact_score", points=_POINTS)
    assert score == {"contact_score": 10 - 5 + 1 + 2 + 3}


def test_the_change_compares_with_the_score_of_some_days_ago() -> None:
    values = compute(_HISTORY, "contact_score_7d_ago", "contact_score_change_7d", points=_POINTS)
    assert values == {"contact_score_7d_ago": 10.0 + 5.0, "contact_score_change_7d": 11.0 - 15.0}


def test_a_shop_without_points_has_a_score_of_0() -> None:
    assert compute(_HISTORY, "contact_score") == {"contact_score": 0.0}
