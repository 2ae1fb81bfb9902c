"""Customers of the consent world: what they consent to, and when they are decided about."""

import numpy as np

from benchmarks.channel.consent_people import NEVER, draw_people
from benchmarks.channel.consent_settings import DAY, WINDOW, ConsentSettings


def test_consents_come_before_the_first_decision_and_go_between_two_windows() -> None:
    people = draw_people(np.random.default_rng(0), ConsentSettings(sends=12_000))
    granted, withdrawn = people.granted < NEVER, people.withdrawn < NEVER
    first = np.broadcast_to(people.sent[:, :1], granted.shape)
    assert (people.granted[granted] < first[granted]).all()
    gone = people.withdrawn[:, :, None]
    inside = (people.sent[:, None] <= gone) & (gone <= people.sent[:, None] + WINDOW)
    assert not inside[withdrawn].any()
    assert 0.01 < withdrawn.mean() < 0.08


def test_decisions_about_a_customer_are_more_than_8_days_apart() -> None:
    people = draw_people(np.random.default_rng(0), ConsentSettings(sends=12_000))
    assert np.diff(people.sent, axis=1).min() > 8 * DAY
    weekdays = np.bincount(people.sent.ravel() // DAY % 7) / people.sent.size
    assert weekdays.min() > 0.12


def test_consents_go_with_engagement_and_attributes_do_not() -> None:
    people = draw_people(np.random.default_rng(0), ConsentSettings(sends=30_000))
    for channel in range(4):
        consents = people.granted[:, channel] < NEVER
        gap = people.engagement[consents].mean() - people.engagement[~consents].mean()
        assert gap > 0.8
    for attribute in (people.country, people.age_band, people.colour):
        assert abs(np.corrcoef(attribute, people.engagement)[0, 1]) < 0.05


def test_members_of_a_household_are_alike() -> None:
    settings = ConsentSettings(sends=30_000, households=True)
    people = draw_people(np.random.default_rng(0), settings)
    pairs = people.engagement.reshape(-1, 2)
    assert 0.5 < np.corrcoef(pairs[:, 0], pairs[:, 1])[0, 1] < 0.7
    assert np.isclose(people.engagement.std(), 1, atol=0.05)
    assert (people.sent[::2] == people.sent[1::2]).all()
