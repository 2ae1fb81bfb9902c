"""Simulates a shop in which consents go with an unseen engagement, and knows its truth.

Customers consent to channels the more the more engaged they are, and the engaged buy more, so that
a comparison of all who drew e-mail with all who drew `none` shows an effect where there is none.
The engagement is in no table; past orders and consents show a part of it. What a message does
depends only on what the log shows at the instant of sending, so that a customer's effect given
the log is known exactly. Nothing here is shared with the channel model or its training.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.channel.consent_people import People, draw_people
from benchmarks.channel.consent_rounds import END, ConsentCourse, Decided, run_rounds
from benchmarks.channel.consent_settings import ARMS, DAY, ConsentSettings
from benchmarks.channel.consent_tables import (
    customer_ids,
    message_ids,
    to_microseconds,
    to_seconds,
    write_shop,
)
from benchmarks.channel.fixed_orders import (
    best_choice,
    find_best_order,
    gain_over_order,
)
from features.arrays import Array, Flags, Floats, Indices

_WEEK_MOMENT = END + DAY + 11 * 3600  # Wednesday, 11:00
_WEEKEND_MOMENT = END + 4 * DAY + 11 * 3600  # Saturday, 11:00


@dataclass(frozen=True)
class ConsentWorld:
    """A simulated shop on disk, with the truth that only its maker knows.

    Attributes
    ----------
    config : Path
        The shop's `nextbuy.toml`.
    settings : ConsentSettings
        What was simulated.
    people : People
        The customers.
    decided : Decided
        The decisions with their truth, in the order of `message_id`.
    course : ConsentCourse
        The customers at the end of the log.
    """

    config: Path
    settings: ConsentSettings
    people: People
    decided: Decided
    course: ConsentCourse

    @cached_property
    def message_id(self) -> "pd.Index[Any]":
        """Ids of the decisions; second messages are not among them."""
        return pd.Index(message_ids("m", len(self.decided.bought)))

    @cached_property
    def customer_id(self) -> "pd.Index[Any]":
        """Ids of the customers."""
        return pd.Index(customer_ids(np.arange(len(self.people.joined))))

    @property
    def p_true(self) -> Floats:
        """True chance of a purchase within 7 days of each decision: array (decisions, 5)."""
        return self.decided.p_true

    @property
    def eligible(self) -> Flags:
        """Which arms each decision could have chosen: bool array (decisions, 5)."""
        return self.decided.eligible

    @property
    def moments(self) -> dict[str, int]:
        """A moment of the week and one of the weekend after the log (microseconds UTC)."""
        seconds = np.array([_WEEK_MOMENT, _WEEKEND_MOMENT])
        week, weekend = to_microseconds(seconds)
        return {"week": int(week), "weekend": int(weekend)}

    @property
    def end(self) -> int:
        """Last instant of the log (microseconds UTC)."""
        return int(to_microseconds(np.array([END]))[0])

    def row_truth(self, ids: Array) -> Floats:
        """Return the true chance of a purchase within 7 days of decisions.

        Parameters
        ----------
        ids : array (n,) of str
            Ids of messages.

        Returns
        -------
        array (n, 5)
            By arm in the order of `ARMS`, given all that the log shows before the decision; NaN
            for a second message.
        """
        rows = self.message_id.get_indexer(pd.Index(ids))
        return np.where(rows[:, None] >= 0, self.decided.p_true[rows], np.nan)

    def row_eligible(self, ids: Array) -> Flags:
        """Return which arms decisions could have chosen: array (n, 5), False for second messages.

        Parameters
        ----------
        ids : array (n,) of str
            Ids of messages.
        """
        rows = self.message_id.get_indexer(pd.Index(ids))
        return np.asarray((rows[:, None] >= 0) & self.decided.eligible[rows])

    def truth_at(self, ids: Array, instant: int) -> tuple[Floats, Flags]:
        """Return the true chances if everybody is asked at a moment after the log.

        Parameters
        ----------
        ids : array (n,) of str
            Ids of customers.
        instant : int
            Microseconds UTC, from `end` on.

        Returns
        -------
        p : array (n, 5)
            True chance of a purchase within 7 days of the instant, by arm.
        eligible : bool array (n, 5)
            Which arms may be given.

        Raises
        ------
        ValueError
            The instant is before the end of the log, or a customer is unknown.
        """
        rows = self.customer_id.get_indexer(pd.Index(ids))
        if instant < self.end or (rows < 0).any():
            raise ValueError("known customers, and an instant after the log, are expected")
        seconds = np.full(len(self.customer_id), to_seconds(instant))
        situation = self.course.situation(seconds, seconds)
        return self.course.p_true(situation)[rows], situation.eligible[rows]

    def best_fixed(self) -> list[str]:
        """Return the order of arms that brings the most over all decisions of the log."""
        return [ARMS[arm] for arm in find_best_order(self.p_true, self.eligible)]

    def gain(self, chosen: Indices, rows: Indices) -> float:
        """Return how much more than the best fixed order a choice brings, in %.

        Parameters
        ----------
        chosen : int array (n,)
            The chosen arm of each row, as position in `ARMS`.
        rows : int array (n,)
            Positions of decisions (of `message_id`); the best fixed order is that of these rows.
        """
        return gain_over_order(self.p_true[rows], self.eligible[rows], chosen)


def oracle_gain(world: ConsentWorld) -> dict[str, float]:
    """Return what the best choice for each customer brings over the best fixed order, in %.

    Parameters
    ----------
    world : ConsentWorld
        A world.

    Returns
    -------
    dict of str to float
        Over the decisions of the log (`log`), and with everybody asked at each of the moments.
    """
    cases = {"log": (world.p_true, world.eligible)}
    for name, instant in world.moments.items():
        cases[name] = world.truth_at(world.customer_id.to_numpy(), instant)
    return {n: gain_over_order(p, able, best_choice(p, able)) for n, (p, able) in cases.items()}


def draw_consent_world(
    seed: int, folder: Path, settings: ConsentSettings | None = None
) -> ConsentWorld:
    """Simulate a shop and write its tables; the same arguments give the same one.

    Parameters
    ----------
    seed : int
        Seed of all draws.
    folder : Path
        Where `nextbuy.toml` and the tables are written.
    settings : ConsentSettings or None
        What to simulate; the defaults without.

    Returns
    -------
    ConsentWorld
    """
    settings = settings or ConsentSettings()
    rng = np.random.default_rng(seed)
    people = draw_people(rng, settings)
    course = ConsentCourse(rng, people, settings)
    decided = run_rounds(course)
    config = write_shop(folder, course, people, decided.choice, settings, seed)
    return ConsentWorld(config, settings, people, decided, course)
