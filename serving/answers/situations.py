"""Determines what customers may be sent at which instant: the situation of an answer's channels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from features.arrays import Flags, Floats, History
from features.shop.shop import Shop
from models.arms import arms_with_none
from models.channel.eligibility import Eligibility, check_eligibility
from models.channel.model import ChannelModel
from models.channel.occasion import (
    first_send_at,
    is_situation,
    last_message_at,
    occasion_columns,
    possible_column,
)


@dataclass(frozen=True)
class Situations:
    """What each of n customers may be sent, and when.

    Attributes
    ----------
    as_of : int
        Last instant that is known, in microseconds since 1970 (UTC).
    send_at : dict of arm to int
        The instant at which each arm would be sent, the same for all customers.
    checks : list of n lists of Eligibility
        Whether each arm is eligible for each customer, in the order of `send_at`.
    columns : dict of str to array (n,)
        The columns of the occasion and of what is possible, where the channel model reads any.
    """

    as_of: int
    send_at: Mapping[str, int]
    checks: Sequence[Sequence[Eligibility]]
    columns: Mapping[str, Floats]

    @property
    def arms(self) -> list[str]:
        """The K arms: the model's channels, and `none`."""
        return list(self.send_at)

    @property
    def eligible(self) -> Flags:
        """Whether each arm is eligible for each customer: bool array (n, K)."""
        return _eligible(self.checks)


def make_situations(
    model: ChannelModel,
    shop: Shop,
    histories: Mapping[str, History],
    as_of: int,
    send_at: int | None,
) -> Situations:
    """Determine the situation of n customers.

    Parameters
    ----------
    model : ChannelModel
        The promoted channel model; its inputs say which columns are made.
    shop : Shop
        Settings of nextbuy.toml: contact rules and time zone.
    histories : dict of customer id to History
        The rows of each customer, by table; consents, messages and reachability are read.
    as_of : int
        Last instant that is known, in microseconds since 1970 (UTC).
    send_at : int or None
        The instant of sending, at which each channel must be eligible. Without it each channel is
        sent at the first instant from `as_of` on that is outside its quiet hours, `none` at
        `as_of`, and must be eligible at `as_of`.
    """
    arms, rules = arms_with_none(model.channels), shop.rules
    if send_at is None:
        instants = first_send_at(arms, as_of, rules.quiet_hours, rules.timezone)
    else:
        instants = dict.fromkeys(arms, send_at)
    checks = [
        [check_eligibility(arm, tables, as_of, rules, send_at) for arm in arms]
        for tables in histories.values()
    ]
    columns: Mapping[str, Floats] = {}
    if any(map(is_situation, model.inputs)):
        possible = _eligible(checks).astype(float)
        columns = {possible_column(arm): possible[:, k] for k, arm in enumerate(arms)}
        at = np.tile(np.array([instants[arm] for arm in arms], dtype=np.int64), (len(checks), 1))
        last = np.array([last_message_at(tables, as_of) for tables in histories.values()])
        columns = {**columns, **occasion_columns(arms, at, last, rules.timezone)}
    return Situations(as_of, instants, checks, columns)


def _eligible(checks: Sequence[Sequence[Eligibility]]) -> Flags:
    return np.array([[check.eligible for check in of_customer] for of_customer in checks])
