"""The state of a simulated shop: ids under which rows are logged, sums of orders, late rows."""

from dataclasses import replace

import numpy as np
import pytest

from nextbuy.simulator.simulated_world import CHANNELS, Aliases, Baskets, Customers, late


@pytest.fixture
def aliased(people: Customers) -> Customers:
    """Customers of whom 0 was a guest until day 10, and 1 has a second account."""
    aliases = Aliases(
        customer=np.array([0, 1]),
        ids=["g-0", "g-1"],
        is_guest=np.array([True, False]),
        linked=np.array([10.0, 10.0]),
    )
    return replace(people, aliases=aliases, home_store=np.zeros(len(people.ids), dtype=np.int64))


def test_a_guest_is_logged_under_the_alias_until_it_is_linked(aliased: Customers) -> None:
    customer, store = np.array([0, 0, 0]), np.array([0, 1, 0])
    logged = aliased.logged_id(customer, np.array([9.9, 9.9, 10.0]), store)
    guest = len(aliased.ids)
    assert logged.tolist() == [guest, guest, 0]


def test_a_second_account_is_logged_in_the_other_store_before_and_after_linking(
    aliased: Customers,
) -> None:
    day, store = np.array([5.0, 15.0, 5.0]), np.array([1, 1, 0])
    second = len(aliased.ids) + 1
    assert aliased.logged_id(np.array([1, 1, 1]), day, store).tolist() == [second, second, 1]


def test_a_customer_without_an_alias_is_always_logged_under_the_same_id(
    aliased: Customers,
) -> None:
    logged = aliased.logged_id(np.array([2, 2]), np.array([0.0, 700.0]), np.array([0, 1]))
    assert logged.tolist() == [2, 2]


def test_the_response_rises_with_the_affinity_for_a_channel(people: Customers) -> None:
    shape = people.affinity.shape
    cold, warm = (replace(people, affinity=np.full(shape, a)).response for a in (0.0, 1.0))
    np.testing.assert_allclose(warm / cold, np.exp(0.9))
    # the mean over a standard normal affinity is the mean chance of each channel
    rng = np.random.default_rng(1)
    many = replace(people, affinity=rng.normal(0, 1, (200_000, len(CHANNELS))))
    np.testing.assert_allclose(many.response.mean(axis=0), [0.03, 0.04, 0.02, 0.035], rtol=0.02)


def test_the_sum_of_an_order_counts_each_unit_and_is_0_without_lines() -> None:
    baskets = Baskets(
        order=np.array([0, 0, 2]),
        product=np.array([1, 2, 3]),
        quantity=np.array([1, 3, 2]),
        price=np.array([100, 200, 50]),
        paid=np.array([90, 200, 50]),
    )
    assert baskets.sums(baskets.price, 4).tolist() == [700, 0, 100, 0]
    assert baskets.sums(baskets.paid, 4).tolist() == [690, 0, 100, 0]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.0), (0.25, 0.25), (1.0, 1.0)])
def test_a_share_of_the_rows_becomes_known_within_the_days_given(
    share: float, expected: float
) -> None:
    day = np.arange(10_000.0)
    delay = late(np.random.default_rng(2), day, share, (7.0, 28.0)) - day
    assert (delay > 0).mean() == pytest.approx(expected, abs=0.02)
    assert ((delay == 0) | ((delay > 6.999) & (delay < 28.001))).all()
