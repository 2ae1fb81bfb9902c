"""Writes the latent truth of a simulated shop, and computes each customer's true chance to buy.

No real shop knows this truth. It serves tests and benchmarks only and is written apart from the
tables of the input contract.
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.special import gammaincc, gammaln

from features.arrays import Array, Floats, Ints
from nextbuy.simulator.exported_columns import instants, to_days
from nextbuy.simulator.profiles import PROFILES, ProfileName
from nextbuy.simulator.seasonal_clock import Clock
from nextbuy.simulator.simulated_campaigns import (
    CAMPAIGNS,
    CONVERTS_DAYS,
    SENT_HOURS,
    expected_chances,
)
from nextbuy.simulator.simulated_purchases import intent_mean
from nextbuy.simulator.simulated_world import CHANNELS, Customers, Intents, Purchases

_NODES = 64


def write_truth(
    folder: Path,
    profile: ProfileName,
    people: Customers,
    purchases: Purchases,
    awake: Intents,
    left_at: Floats,
) -> None:
    """Write `truth.parquet`, a row per customer: parameters and the course of the latent state.

    `purchases_at`, `gap_days` and `intents_at` are lists in the order of time: the purchases that
    no message caused, the mean of the gap after each (in days of mean intensity), and the instants
    when intents awoke, one more than purchases if an intent is awake at the end of the log.
    `message_chances` has the expected chance of every campaign (`campaigns.expected_chances`).
    """
    n = len(people.ids)
    intents = np.concatenate([purchases.intent, awake.day])
    whose = np.concatenate([purchases.customer, awake.customer])
    by_customer = np.argsort(whose, kind="stable")
    chances = expected_chances(people)
    truth = {
        "customer_id": pa.array(people.ids),
        "rate_per_day": people.rate,
        "regularity": people.regularity,
        "dropout": people.dropout,
        "dropped_out_at": instants(np.where(np.isinf(left_at), np.nan, left_at)),
        "price_sensitivity": people.price_sensitivity,
        "return_tendency": people.return_tendency,
        **{f"response_{name}": people.response[:, p] for p, name in enumerate(CHANNELS)},
        "purchases_at": _lists(purchases.customer, instants(purchases.day), n),
        "gap_days": _lists(purchases.customer, pa.array(purchases.gap), n),
        "intents_at": _lists(whose[by_customer], instants(intents[by_customer]), n),
        "message_chances": _lists(
            np.repeat(np.arange(n), chances.shape[1]), pa.array(chances.ravel(), pa.float32()), n
        ),
    }
    table = pa.table(truth).replace_schema_metadata({"profile": str(profile)})
    pq.write_table(table, folder / "truth.parquet", compression="zstd")


def true_p_buy(folder: Path, cutoff: int, days: float = 30) -> pd.DataFrame:
    """Return each customer's true chance to buy in (cutoff, cutoff + days].

    Conditional on the latent state at the cutoff: whether the customer has left, their rate and
    regularity, the operational time since their last purchase and whether an intent is awake.
    With D the operational time of the window and i the mean of an intent, the chance of a purchase
    that no message causes is

        awake:   1 - exp(-D / i)
        idle a:  the integral of f(x) (1 - exp(-(a + D - x) / i)) / S(a) over x in (a, a + D]

    with f and S the density and the survival function of the idle phase, and 0 for those who have
    left. Messages count by their expectation over whom the shop chooses and how: with q1, q2, ...
    the chances that each campaign leads to a purchase in the window, and o the chance above,
    p = 1 - (1 - o) (1 - q1) (1 - q2)... An order counts when it is placed, whether or not it is
    cancelled later.

    Parameters
    ----------
    folder : Path
        Folder of the shop, with `truth.parquet`.
    cutoff : int
        An instant in microseconds UTC, at most the end of the log.
    days : float
        Length of the window.

    Returns
    -------
    pandas.DataFrame
        `customer_id, p_buy`; one row per customer with a purchase by the cutoff that no message
        caused, in the order of `truth.parquet`.
    """
    table = pq.read_table(folder / "truth.parquet")
    clock = Clock(PROFILES[table.schema.metadata[b"profile"].decode()])
    day = float(to_days(cutoff))
    now, end = clock.elapsed(np.array([day, day + days]))
    purchases = _count_until(table["purchases_at"], cutoff)
    table, purchases = table.filter(pa.array(purchases > 0)), purchases[purchases > 0]
    gap = _element(table["gap_days"], purchases - 1)
    since = now - clock.elapsed(to_days(_element(table["purchases_at"], purchases - 1)))
    awake = _count_until(table["intents_at"], cutoff) > purchases
    left_at = table["dropped_out_at"].cast(pa.int64()).fill_null(np.iinfo(np.int64).max).to_numpy()
    unprompted = -np.expm1(-(end - now) / intent_mean(gap))
    idle = ~awake & (left_at > cutoff)
    k = table["regularity"].to_numpy()
    unprompted[idle] = _p_idle_buys(since[idle], end - now, k[idle], gap[idle])
    caused = _p_message_causes(_matrix(table["message_chances"]), day, days)
    p_buy = np.where(left_at <= cutoff, 0.0, 1 - (1 - unprompted) * (1 - caused))
    return pd.DataFrame({"customer_id": table["customer_id"].to_numpy(), "p_buy": p_buy})


def _p_idle_buys(since: Floats, window: float, k: Floats, gap: Floats) -> Floats:
    """Integrate over the end of the idle phase by Gauss-Legendre quadrature."""
    intent = intent_mean(gap)[:, None]
    scale = ((gap - intent_mean(gap)) / k)[:, None]
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    after = window * (nodes + 1) / 2
    x, shape = (since[:, None] + after) / scale, k[:, None]
    density = np.exp((shape - 1) * np.log(x) - x - gammaln(shape)) / scale
    bought = density * -np.expm1(-(window - after) / intent)
    return bought @ weights * window / 2 / gammaincc(k, since / scale[:, 0])


def _p_message_causes(chances: Floats, day: float, days: float) -> Floats:
    """Return the chance that the message of some campaign leads to a purchase in the window."""
    grid = (np.arange(200) + 0.5) / 200
    sent = np.quantile(np.array(SENT_HOURS) / 24, grid)
    delay = (sent[:, None] + np.quantile(np.array(CONVERTS_DAYS), grid)).ravel()
    after = np.sort(delay)
    bounds = np.array([day, day + days])[:, None] - CAMPAIGNS
    first, last = np.searchsorted(after, bounds) / len(after)
    return np.asarray(1 - np.prod(1 - chances * (last - first), axis=1))


def _count_until(lists: pa.ChunkedArray, cutoff: int) -> Ints:
    """Count the instants of each list up to the cutoff."""
    values = lists.combine_chunks()
    until = values.flatten().cast(pa.int64()).to_numpy() <= cutoff
    total = np.concatenate([[0], np.cumsum(until)])
    bounds = values.offsets.to_numpy()
    return np.asarray(total[bounds[1:]] - total[bounds[:-1]])


def _element(lists: pa.ChunkedArray, position: Ints) -> Array:
    """Take one element of each list."""
    values = lists.combine_chunks()
    flat = values.values
    if pa.types.is_timestamp(flat.type):
        flat = flat.cast(pa.int64())
    return np.asarray(flat.to_numpy()[values.offsets.to_numpy()[:-1] + position])


def _matrix(lists: pa.ChunkedArray) -> Floats:
    flat = lists.combine_chunks().flatten().to_numpy()
    return np.asarray(flat.reshape(len(lists), -1), dtype=float)


def _lists(customer: Ints, values: pa.Array, customers: int) -> pa.Array:
    """Gather values, ordered by customer, into a list per customer."""
    ends = np.cumsum(np.bincount(customer, minlength=customers))
    return pa.ListArray.from_arrays(pa.array(np.concatenate([[0], ends]), pa.int32()), values)
