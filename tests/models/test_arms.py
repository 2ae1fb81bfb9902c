"""Tests of the arms between which a recommendation chooses."""

from models.arms import NO_MESSAGE, arms_with_none


def test_no_message_is_an_arm_even_of_a_shop_without_channels() -> None:
    assert arms_with_none([]) == [NO_MESSAGE]


def test_arms_are_sorted_and_none_of_them_appears_twice() -> None:
    assert arms_with_none(["web_push", "none", "email", "email"]) == ["email", "none", "web_push"]
