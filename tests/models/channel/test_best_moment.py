"""Tests of the best moment to send, on messages with and without a planted pattern."""

from datetime import time
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from features.arrays import object_array
from features.shop.contact_rules import QuietHours
from features.windows import DAY, local_clocks, read_cutoff
from models.channel.best_moment import (
    MIN_OWN_EVENTS,
    ChannelMoments,
    Habit,
    LocalTimes,
    Moment,
    Moments,
    best_moments,
)
from models.channel.best_moment_fit import fit_moments

WARSAW = ZoneInfo("Europe/Warsaw")
HOUR = DAY // 24
START = read_cutoff("2025-01-01 00:00", WARSAW)
AS_OF = read_cutoff("2025-12-31", WARSAW)
EVENING, TUESDAY = 6, 1  # the block from 18 o'clock
EVEN = Habit([1 / 7] * 7, [1 / 8] * 8)
NEVER = np.empty(0, np.int64)


def _at(text: str) -> int:
    return read_cutoff(text, WARSAW)


def _sends(seed: int, n: int = 20_000, evening: float = 0.0, tuesday: float = 0.0) -> pd.DataFrame:
    """Messages all over a year; in the evening and on Tuesdays more of them are clicked."""
    rng = np.random.default_rng(seed)
    sent_at = START + 1 + (rng.random(n) * 364 * DAY).astype(np.int64)
    at = LocalTimes.of_instants(sent_at, WARSAW)
    score = -3 + evening * (at.block == EVENING) + tuesday * (at.weekday == TUESDAY)
    clicked = rng.random(n) < expit(score)
    return pd.DataFrame(
        {"channel": "email", "sent_at": sent_at, "clicked": clicked, "bought": False}
    )


def _campaigns(seed: int) -> pd.DataFrame:
    """Draw a hundred campaigns, each in one hour of a day, of which some are better by content."""
    rng = np.random.default_rng(seed)
    start = START + rng.integers(0, 364, 100) * DAY + rng.integers(8, 21, 100) * HOUR
    campaign = rng.integers(0, 100, 20_000)
    clicked = rng.random(20_000) < expit(rng.normal(-3, 0.5, 100))[campaign]
    sent_at = start[campaign] + rng.integers(1, HOUR, 20_000)
    return pd.DataFrame(
        {"channel": "email", "sent_at": sent_at, "clicked": clicked, "bought": False}
    )


def _fit(frame: pd.DataFrame) -> Moments:
    return fit_moments(frame, NEVER, NEVER, WARSAW)


def _email(*blocks: float) -> Moments:
    """Moments of one channel, as if fitted."""
    return Moments([ChannelMoments("email", "click", 9, [0.0] * 7, list(blocks))], EVEN, EVEN)


def _best(moments: Moments, **quiet: QuietHours) -> Moment | None:
    return best_moments(moments, {}, AS_OF, WARSAW, quiet).get("email")


def test_a_planted_weekday_and_hour_are_the_best_moment() -> None:
    for seed in range(5):
        found = _best(_fit(_sends(seed, evening=0.7, tuesday=0.7)))
        assert found == Moment("tuesday", 18, "click", 0, 20_000)


def test_lifts_of_a_planted_pattern_are_shrunk_towards_it() -> None:
    (email,) = _fit(_sends(1, evening=0.7)).channels
    lift = email.blocks[EVENING] - np.mean([b for n, b in enumerate(email.blocks) if n != EVENING])
    assert 0.4 < lift < 0.75
    assert email.weekdays == [0.0] * 7


@pytest.mark.parametrize("make", [_sends, _campaigns])
def test_where_all_moments_are_alike_none_is_best(make) -> None:
    claimed = [_best(_fit(make(seed))) is not None for seed in range(20)]
    assert sum(claimed) <= 1


def test_few_sending_occasions_give_no_best_moment() -> None:
    """Ten evenings were better than ten mornings, and it may have been what was sent."""
    day, n = np.repeat(np.arange(20), 500), 10_000
    sent_at = START + day * 9 * DAY + np.where(day % 2, 19, 10) * HOUR
    clicked = np.random.default_rng(0).random(n) < np.where(day % 2, 0.3, 0.1)
    frame = pd.DataFrame({"channel": "email", "sent_at": sent_at, "clicked": clicked})
    assert _best(_fit(frame.assign(bought=False))) is None


def test_a_channel_without_clicks_is_judged_by_purchases() -> None:
    frame = _sends(3, evening=0.8)
    calls = frame.assign(channel="phone", bought=frame["clicked"], clicked=False)
    moments = _fit(pd.concat([frame, calls]))
    assert [(c.channel, c.outcome) for c in moments.channels] == [
        ("email", "click"), ("phone", "purchase"),
    ]  # fmt: skip
    assert moments.channels[0].blocks == moments.channels[1].blocks


@pytest.mark.parametrize("rate", [0.0, 1.0])
def test_a_channel_with_one_outcome_only_has_no_moment(rate: float) -> None:
    frame = _sends(0, n=3000).assign(bought=rate == 1.0, clicked=False)
    assert _best(_fit(frame)) is None


def test_moments_are_local_on_both_sides_of_the_clock_change() -> None:
    instants = np.array([_at("2025-03-29 18:30"), _at("2025-03-30 18:30"), _at("2025-10-26 17:59")])
    at = LocalTimes.of_instants(instants, WARSAW)
    assert at.block.tolist() == [6, 6, 5]
    assert at.weekday.tolist() == [5, 6, 6]
    assert LocalTimes.of_instants(instants, ZoneInfo("Asia/Tokyo")).weekday.tolist() == [6, 0, 0]


def test_a_bare_date_has_a_weekday_and_no_hour() -> None:
    at = LocalTimes.of_instants(
        np.array([_at("2025-05-05 00:00"), _at("2025-05-05 00:00:01")]), WARSAW
    )
    assert (at.weekday.tolist(), at.block.tolist()) == ([0, 0], [-1, 0])
    frame = _sends(1, tuesday=0.7)
    sent_at = frame["sent_at"].to_numpy()
    midnight = sent_at - local_clocks(sent_at, WARSAW) % DAY
    (email,) = _fit(frame.assign(sent_at=midnight)).channels
    assert email.blocks == [0.0] * 8
    assert np.argmax(email.weekdays) == TUESDAY


def test_the_best_moment_never_overlaps_quiet_hours() -> None:
    moments = _email(0, 0, 0, 0.1, -0.4, 0, 0.2, 0.1)
    assert _best(moments).hour == 18
    assert _best(moments, sms=QuietHours(time(18), time(21))).hour == 18
    assert _best(moments, email=QuietHours(time(20, 59), time(8))).hour == 9
    assert _best(moments, email=QuietHours(time(9, 30), time(9))) is None  # nothing good is left


def _orders(*texts: str) -> dict[str, np.ndarray]:
    at = np.array([_at(text) for text in texts], dtype=float)
    return {"ordered_at": at, "known_at": at, "cancelled_known_at": np.full(len(at), np.nan)}


EVENINGS = [f"2025-{month:02}-{day:02} 19:30" for month in range(3, 9) for day in (3, 17)]
MORNINGS = _email(0, 0, 0.1, 0, 0, 0, 0, -0.1)


def _told(orders: dict[str, np.ndarray], as_of: int = AS_OF, moments: Moments = MORNINGS) -> Moment:
    return best_moments(moments, {"orders": orders}, as_of, WARSAW, {})["email"]


def test_a_habit_of_the_customer_moves_the_best_moment() -> None:
    told = _told(_orders(*EVENINGS))
    assert (told.hour, told.weekday, told.own_events) == (18, None, 12)
    few = _told(_orders(*EVENINGS[: MIN_OWN_EVENTS - 1]))
    assert (few.hour, few.own_events) == (6, MIN_OWN_EVENTS - 1)


def test_a_habit_that_all_customers_share_moves_nothing() -> None:
    evenings = Habit([1 / 7] * 7, [0.01] * 6 + [0.93, 0.01])
    same = Moments(MORNINGS.channels, evenings, EVEN)
    assert _told(_orders(*EVENINGS), moments=same).hour == 6


def test_many_orders_of_one_evening_are_one_event() -> None:
    assert _told(_orders(*[f"2025-05-05 19:{minute}" for minute in range(10, 40)])).own_events == 1


def test_only_events_of_a_year_that_were_known_and_not_cancelled_are_read() -> None:
    orders = _orders("2024-12-31 10:00", *EVENINGS)
    orders["known_at"][1] = AS_OF + 1
    orders["cancelled_known_at"][2:4] = AS_OF, AS_OF + 1
    told = _told(orders)
    assert told.own_events == len(EVENINGS) - 2
    assert _told(_orders(*EVENINGS), as_of=_at("2025-04-01")).own_events == 2


def test_clicks_are_events_too_and_are_compared_with_all_clicks() -> None:
    at = np.array([_at(text) for text in EVENINGS], dtype=float)
    never = np.full(len(at), np.nan)
    messages = {"channel": object_array(["sms"] * len(at)), "sent_at": at - 60, "known_at": at}
    clicks = {"clicked_at": at, "clicked_known_at": at}
    tables = {"messages": messages | clicks}
    assert best_moments(MORNINGS, tables, AS_OF, WARSAW, {})["email"].hour == 18
    unclicked = {"messages": messages | {"clicked_at": never, "clicked_known_at": never}}
    assert best_moments(MORNINGS, unclicked, AS_OF, WARSAW, {})["email"].own_events == 0
    sent_then = Moments(MORNINGS.channels, EVEN, Habit([1 / 7] * 7, [0.01] * 6 + [0.93, 0.01]))
    assert best_moments(sent_then, tables, AS_OF, WARSAW, {})["email"].hour == 6


def test_a_customer_without_a_habit_seldom_gets_one() -> None:
    rng, flat = np.random.default_rng(0), _email(*[0.0] * 8)
    told = 0
    for _ in range(300):
        at = np.floor(AS_OF - rng.random(rng.integers(10, 60)) * 364 * DAY)
        orders = {"ordered_at": at, "known_at": at, "cancelled_known_at": np.full(len(at), np.nan)}
        told += bool(best_moments(flat, {"orders": orders}, AS_OF, WARSAW, {}))
    assert told <= 0.03 * 300


def test_moments_are_a_few_kilobytes_of_json() -> None:
    moments = _fit(_sends(0, evening=0.7))
    raw = msgspec.json.encode(moments)
    assert len(raw) < 2000
    assert msgspec.json.decode(raw, type=Moments) == moments
