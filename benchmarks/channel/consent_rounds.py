"""Simulates the consent world: six decisions about each customer, and what they buy between."""

from dataclasses import dataclass, fields

import numpy as np
from scipy.stats import norm

from benchmarks.channel.consent_chances import (
    Situation,
    arm_chances,
    base_chance,
    chance_after,
    make_situation,
    second_chance,
)
from benchmarks.channel.consent_choices import Choice, choose_arms, choose_second
from benchmarks.channel.consent_effects import VisibleState
from benchmarks.channel.consent_people import NEVER, People
from benchmarks.channel.consent_settings import CHANNELS, DAY, ROUNDS, WINDOW, ConsentSettings
from benchmarks.channel.engagement_posterior import GRID, EngagementPosterior, order_rate
from features.arrays import Flags, Floats, Indices, Ints

END = 260 * DAY  # of the log, after all windows
_MORE_ORDERS = 0.12  # further ones of a customer who buys within the window
_CLICK_LEVEL, _CLICK_SLOPE = -1.3, 1.2
_OPENED = 0.3  # of the messages that are not clicked
_CLICK_SECONDS = 20 * 3600
_ALIKE_OUTCOMES = 0.5  # correlation within a household, of the normal scores


@dataclass(frozen=True)
class Sent:
    """Messages, n of them; instants in seconds since the start, `NEVER` where there is none."""

    customer: Indices
    arm: Indices
    sent: Ints
    opened: Ints
    clicked: Ints


@dataclass(frozen=True)
class Decided:
    """Decisions with their truth, by round and customer.

    Attributes
    ----------
    choice : Choice
        The arms.
    eligible : bool array (n, 5)
        Which arms could have been chosen.
    p_true, p_latent : array (n, 5)
        Chance of a purchase within the window by arm, given all that the log shows before the
        decision, and given the engagement too. What a household's other member does is left out of
        the first; on the additive scale no difference between arms depends on it.
    bought : bool array (n,)
        Whether a purchase followed.
    """

    choice: Choice
    eligible: Flags
    p_true: Floats
    p_latent: Floats
    bought: Flags


class ConsentCourse:
    """The customers as time goes on: what they did so far, and what that tells of them.

    Parameters
    ----------
    rng : Generator
        Source of randomness.
    people : People
        The customers.
    settings : ConsentSettings
        The shop.
    """

    def __init__(self, rng: np.random.Generator, people: People, settings: ConsentSettings) -> None:
        self._rng, self._people, self._settings = rng, people, settings
        n = len(people.engagement)
        self._everybody = np.arange(n)
        self._sent, self._clicked = np.zeros((2, n, len(CHANNELS)), dtype=np.int64)
        self._last_order, self._count = people.joined.copy(), np.ones(n, dtype=np.int64)
        self._posterior = EngagementPosterior(people.granted < NEVER)
        self.orders: list[tuple[Indices, Ints]] = [(self._everybody, people.joined)]
        self.messages: list[Sent] = []
        self.seconds: list[Sent] = []
        self._buy_outside(people.joined, people.sent[:, 0])

    def situation(self, instant: Ints, second_at: Ints) -> Situation:
        """Return what decides the chances of all customers at an instant of each."""
        people = self._people
        days_since = (instant - self._last_order) / DAY
        seen = VisibleState(
            instant,
            people.country,
            people.age_band,
            self._count.copy(),
            days_since,
            self._sent.copy(),
            self._clicked.copy(),
        )
        return make_situation(seen, people, second_at, self._settings)

    def p_true(self, situation: Situation) -> Floats:
        """Return the chances by arm given all that the log shows so far: array (n, 5)."""
        on_grid = arm_chances(np.broadcast_to(GRID, (1, len(GRID))), situation, self._settings)
        return np.asarray(np.einsum("ng,nga->na", self._posterior.weights, on_grid))

    def run_round(self, number: int) -> Decided:
        """Decide about everybody, and let them buy until the next decision."""
        rng, people, settings = self._rng, self._people, self._settings
        engagement, sent = people.engagement, people.sent[:, number]
        second_at = sent + rng.integers(DAY, 5 * DAY, len(sent))
        situation = self.situation(sent, second_at)
        p_true = self.p_true(situation)
        p_latent = arm_chances(engagement[:, None], situation, settings)[:, 0]
        choice = choose_arms(rng, engagement, situation, settings)
        self._posterior.see_rule(choice.email_ruled, choice.email_shown)
        self.messages.append(self._send(self._everybody, choice.arm, sent))
        follows = self._send_second(situation, choice, second_at)
        bought = self._buy_within(situation, choice, follows)
        ends = [*people.sent.T[1:], np.full(len(sent), END)][number]
        self._buy_outside(sent + WINDOW, ends)
        return Decided(choice, situation.eligible, p_true, p_latent, bought)

    def _send(self, customer: Indices, arm: Indices, sent: Ints) -> Sent:
        """Send messages, draw opens and clicks, and note them in the customers' histories."""
        rng, n, channel = self._rng, len(customer), np.maximum(arm - 1, 0)
        liking = self._people.liking[customer, channel]
        p_click = 1 / (1 + np.exp(-_CLICK_LEVEL - _CLICK_SLOPE * liking))
        clicks = (rng.random(n) < p_click) & (arm > 0)
        opens = clicks | ((rng.random(n) < _OPENED) & (arm > 0))
        opened = sent + rng.integers(60, _CLICK_SECONDS, n)
        clicked = opened + rng.integers(1, 60, n)
        np.add.at(self._sent, (customer[arm > 0], channel[arm > 0]), 1)
        np.add.at(self._clicked, (customer[clicks], channel[clicks]), 1)
        opened, clicked = np.where(opens, opened, NEVER), np.where(clicks, clicked, NEVER)
        return Sent(customer, arm, sent, opened, clicked)

    def _send_second(self, situation: Situation, choice: Choice, second_at: Ints) -> Flags:
        """Send some a second message, and return to whom."""
        p = second_chance(self._people.engagement, self._settings)
        possible = situation.followed[self._everybody, choice.arm]
        follows = possible & (self._rng.random(len(p)) < p)
        if self._settings.second_message > 0:
            on_grid = np.broadcast_to(second_chance(GRID, self._settings), (len(p), len(GRID)))
            p_seen = np.where(possible[:, None], np.clip(on_grid, 1e-9, 1 - 1e-9), 0.5)
            self._posterior.see_outcome(follows, p_seen)
        who = np.flatnonzero(follows)
        second = choose_second(choice.arm, self._people.consented(second_at))
        self.seconds.append(self._send(who, second[who], second_at[who]))
        return follows

    def _buy_within(self, situation: Situation, choice: Choice, follows: Flags) -> Flags:
        """Draw who buys within the window, and learn from it."""
        settings, rng, n = self._settings, self._rng, len(follows)
        effect = situation.effects[self._everybody, choice.arm][:, None]

        def p_of(engagement: Floats) -> Floats:
            base = base_chance(engagement, situation.seen, settings.season)
            return chance_after(base, effect, follows[:, None].astype(float), settings)

        score = rng.normal(size=n)
        if settings.households:
            shared = np.repeat(rng.normal(size=n // 2), 2)
            score = np.sqrt(_ALIKE_OUTCOMES) * shared + np.sqrt(1 - _ALIKE_OUTCOMES) * score
        bought = norm.cdf(score) < p_of(self._people.engagement[:, None])[:, 0]
        self._posterior.see_outcome(bought, p_of(np.broadcast_to(GRID, (1, len(GRID)))))
        orders = np.where(bought, 1 + rng.poisson(_MORE_ORDERS, n), 0)
        sent = situation.seen.instant
        self._order(orders, sent + 1, sent + WINDOW + 1)
        return np.asarray(bought)

    def _buy_outside(self, after: Ints, until: Ints) -> None:
        """Draw the orders after one instant and before another, and learn from them."""
        days = (until - after) / DAY
        count = self._rng.poisson(days * order_rate(self._people.engagement))
        self._posterior.see_orders(count.astype(float), days)
        self._order(count, after + 1, until)

    def _order(self, count: Ints, first: Ints, end: Ints) -> None:
        """Place orders at instants from `first` on and before `end`."""
        customer = np.repeat(self._everybody, count)
        instant = self._rng.integers(first[customer], end[customer])
        np.maximum.at(self._last_order, customer, instant)
        self._count += count
        self.orders.append((customer, instant))


def run_rounds(course: ConsentCourse) -> Decided:
    """Run all rounds and return their decisions, one round after the other."""
    rounds = [course.run_round(number) for number in range(ROUNDS)]
    choice = Choice(
        *(np.concatenate([getattr(r.choice, f.name) for r in rounds]) for f in fields(Choice))
    )
    arrays = ("eligible", "p_true", "p_latent", "bought")
    return Decided(choice, *(np.concatenate([getattr(r, a) for r in rounds]) for a in arrays))
