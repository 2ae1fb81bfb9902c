"""Writes the log of the consent world as tables of the input contract."""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.channel.consent_choices import Choice
from benchmarks.channel.consent_people import AGE_BANDS, COUNTRIES, NEVER, People
from benchmarks.channel.consent_rounds import END, ConsentCourse, Sent
from benchmarks.channel.consent_settings import ARMS, CHANNELS, ConsentSettings
from features.arrays import Array, Indices, Ints

TIMEZONE = "Europe/Istanbul"  # three hours before UTC all year
START = pd.Timestamp("2025-01-06", tz=TIMEZONE)  # a Monday
_SECOND = 1_000_000  # microseconds
_START_US = START.value // 1000
_AMOUNT_LEVEL, _AMOUNT_SPREAD = 3.6, 0.5
_COLOURS = np.array(["blue", "green", "red"])
_CONFIG = """\
# A simulated shop in which messages follow consents. Nobody in it exists.
[shop]
name = "consent-world"
timezone = "{timezone}"
currency = "EUR"
observed_until = "{end}"
simulated = true

[channels]
default_order = ["email", "sms", "push", "phone"]
window_days = 7
"""


def to_microseconds(seconds: Ints) -> Ints:
    """Turn seconds since the start of the log into microseconds since 1970-01-01 UTC."""
    return np.asarray(_START_US + seconds * _SECOND)


def to_seconds(instant: int) -> int:
    """Turn microseconds since 1970-01-01 UTC into seconds since the start of the log."""
    return (instant - _START_US) // _SECOND


def customer_ids(customer: Indices) -> Array:
    """Return the ids of customers by their positions: array (n,) of str."""
    return np.array([f"c{position:06d}" for position in customer], dtype=object)


def message_ids(prefix: str, count: int) -> Array:
    """Return the ids of decisions (`m`) or of second messages (`s`): array (n,) of str."""
    return np.array([f"{prefix}{position:06d}" for position in range(count)], dtype=object)


def write_shop(
    folder: Path,
    course: ConsentCourse,
    people: People,
    choice: Choice,
    settings: ConsentSettings,
    seed: int,
) -> Path:
    """Write `nextbuy.toml` and a Parquet file per table.

    Parameters
    ----------
    folder : Path
        Where to write; it is made if it does not exist.
    course : ConsentCourse
        What the customers did and were sent, to the end.
    people : People
        The customers.
    choice : Choice
        The arms of all decisions, in the order of the messages.
    settings : ConsentSettings
        The shop.
    seed : int
        Seed of the amounts of orders.

    Returns
    -------
    Path
        Path of `nextbuy.toml`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "orders": _orders(course, seed),
        "customers": _customers(people, settings),
        "consents": _consents(people),
        "messages": pd.concat([_decisions(course, choice), _seconds(course)], ignore_index=True),
    }
    for name, rows in tables.items():
        rows.to_parquet(folder / f"{name}.parquet", index=False)
    sections = "".join(f'\n[tables.{name}]\npath = "{name}.parquet"\n' for name in tables)
    end = _instants(np.array([END]))[0].isoformat()
    config = folder / "nextbuy.toml"
    cluster = 'cluster_by = "attr_household"\n' if settings.households else ""
    config.write_text(_CONFIG.format(timezone=TIMEZONE, end=end) + cluster + sections)
    return config


def _instants(seconds: Ints) -> pd.DatetimeIndex:
    """Turn seconds since the start into UTC instants, NaT for `NEVER`."""
    known = seconds != NEVER
    instants = pd.to_datetime(to_microseconds(np.where(known, seconds, 0)), unit="us", utc=True)
    return pd.DatetimeIndex(instants.where(known))


def _orders(course: ConsentCourse, seed: int) -> pd.DataFrame:
    customer, instant = (np.concatenate(parts) for parts in zip(*course.orders, strict=True))
    order = np.argsort(instant, kind="stable")
    inside = order[instant[order] < END]
    rng = np.random.default_rng([seed, 1])
    amount = np.exp(rng.normal(_AMOUNT_LEVEL, _AMOUNT_SPREAD, len(inside)))
    return pd.DataFrame(
        {
            "order_id": [f"o{position:06d}" for position in range(len(inside))],
            "customer_id": customer_ids(customer[inside]),
            "ordered_at": _instants(instant[inside]),
            "amount": amount.round(2),
        }
    )


def _customers(people: People, settings: ConsentSettings) -> pd.DataFrame:
    n = len(people.joined)
    rows = pd.DataFrame(
        {
            "customer_id": customer_ids(np.arange(n)),
            "known_at": _instants(people.joined),
            "first_seen_at": _instants(people.joined),
            "country": np.array(COUNTRIES)[people.country],
            "attr_age_band": np.array(AGE_BANDS)[people.age_band],
            "attr_colour": _COLOURS[people.colour],
        }
    )
    if settings.households:
        rows["attr_household"] = [f"h{position // 2:06d}" for position in range(n)]
    return rows


def _consents(people: People) -> pd.DataFrame:
    given = np.nonzero(people.granted < NEVER)
    taken = np.nonzero((people.granted < NEVER) & (people.withdrawn < NEVER))
    parts = [
        pd.DataFrame(
            {
                "customer_id": customer_ids(customer),
                "scope": np.array(CHANNELS)[channel],
                "granted": granted,
                "changed_at": _instants(instants[customer, channel]),
            }
        )
        for (customer, channel), granted, instants in (
            (given, True, people.granted),
            (taken, False, people.withdrawn),
        )
    ]
    return pd.concat(parts, ignore_index=True)


def _decisions(course: ConsentCourse, choice: Choice) -> pd.DataFrame:
    rows = pd.concat([_messages(sent) for sent in course.messages], ignore_index=True)
    rows.insert(0, "message_id", message_ids("m", len(rows)))
    reason = np.where(choice.explored, "random", "optimised")
    return rows.assign(propensity=choice.propensity, arm=reason)


def _seconds(course: ConsentCourse) -> pd.DataFrame:
    rows = pd.concat([_messages(sent) for sent in course.seconds], ignore_index=True)
    rows.insert(0, "message_id", message_ids("s", len(rows)))
    return rows.assign(propensity=np.nan, arm="optimised")


def _messages(sent: Sent) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": customer_ids(sent.customer),
            "sent_at": _instants(sent.sent),
            "channel": np.array(ARMS, dtype=object)[sent.arm],
            "opened_at": _instants(sent.opened),
            "clicked_at": _instants(sent.clicked),
        }
    )
