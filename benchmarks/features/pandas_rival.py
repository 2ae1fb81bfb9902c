"""Computes the 50 fixed features the straightforward pandas way, from the warehouse's files.

What a data scientist would write for this one shop: the rival in speed, and the reference that the
equality test compares the declared features with.
"""

from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.features.fifty_features import FIFTY

_KEY = "customer_id"


def compute_fifty(folder: Path, cutoff: pd.Timestamp) -> pd.DataFrame:
    """Compute the features of everybody with a purchase known at the cutoff.

    Parameters
    ----------
    folder : Path
        With the warehouse's Parquet files.
    cutoff : Timestamp
        Last instant known.

    Returns
    -------
    DataFrame
        Indexed by customer_id as in the files, columns as in `FIFTY`, money in cents.
    """
    orders, known = _orders(folder, cutoff)
    features = pd.DataFrame(index=pd.Index(np.sort(orders[_KEY].unique()), name=_KEY))
    for part in (
        _rfm(orders, cutoff),
        _gaps(orders),
        _order_features(orders, cutoff),
        known.groupby(_KEY)["cancelled"].mean().rename("cancelled_share_mean"),
        *_baskets(folder, known, cutoff),
        _browsing(folder, cutoff),
        _messaging(folder, cutoff),
    ):
        features = features.join(part)
    counts = [n for n in FIFTY if n.endswith("_count") or "_count_" in n or "_sum_" in n]
    features[counts] = features[counts].fillna(0)
    overdue = (features["T"] + 60) / (features["frequency"] + 1)
    features["overdue_ratio"] = features["days_since_last"] / overdue
    return features[list(FIFTY)]


def _day(instants: pd.Series) -> pd.Series:
    return instants.dt.floor("D")


def _ago(cutoff: pd.Timestamp, days: int) -> pd.Timestamp:
    return cutoff - pd.Timedelta(days=days)


def _orders(folder: Path, cutoff: pd.Timestamp) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read the orders known at the cutoff: those not cancelled as far as known, and all."""
    known = pd.read_parquet(folder / "orders.parquet", columns=[
        "order_id", _KEY, "ordered_at", "known_at", "amount", "discount", "cancelled_at"
    ])  # fmt: skip
    known = known[(known["known_at"] <= cutoff) & (known["ordered_at"] <= cutoff)]
    # an order may be known after it was cancelled
    cancelled_at = known[["cancelled_at", "known_at"]].max(axis=1, skipna=False)
    cancelled_at = cancelled_at.where(known["cancelled_at"].notna())
    known = known.assign(
        cancelled=(cancelled_at <= cutoff).astype(int),
        amount=(known["amount"] * 100).round().astype("int64"),
        discount=(known["discount"] * 100).round().astype("int64"),
        day=_day(known["ordered_at"]),
    )
    return known[known["cancelled"] == 0], known


def _rfm(orders: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    first, last = orders.groupby(_KEY)["day"].min(), orders.groupby(_KEY)["day"].max()
    amount = orders.groupby(_KEY)["amount"]
    return pd.DataFrame(
        {
            "T": (cutoff.floor("D") - first).dt.days,
            "recency": (last - first).dt.days,
            "days_since_last": (cutoff.floor("D") - last).dt.days,
            "frequency": orders.groupby(_KEY)["day"].nunique() - 1,
            "orders_count": amount.count(),
            "order_amount_sum": amount.sum(),
            "order_amount_mean": amount.mean(),
            "order_amount_std": amount.std(),
        }
    )


def _gaps(orders: pd.DataFrame) -> pd.DataFrame:
    days = orders[[_KEY, "day"]].drop_duplicates().sort_values([_KEY, "day"])
    gap = days.groupby(_KEY)["day"].diff().dt.days.groupby(days[_KEY])
    mean, std = gap.mean(), gap.std()
    return pd.DataFrame({"gap_mean": mean, "gap_std": std, "gap_cv": std / mean})


def _order_features(orders: pd.DataFrame, cutoff: pd.Timestamp) -> pd.DataFrame:
    features = {}
    days = orders.groupby([_KEY, "day"])["ordered_at"].min().reset_index()
    for span in (7, 28, 91, 365):
        of = days[days["ordered_at"] > _ago(cutoff, span)]
        features[f"purchase_days_count_{span}d"] = of.groupby(_KEY).size()
    for span in (28, 91, 365):
        of = orders[orders["ordered_at"] > _ago(cutoff, span)]
        features[f"order_amount_sum_{span}d"] = of.groupby(_KEY)["amount"].sum()
    year = orders[orders["ordered_at"] > _ago(cutoff, 365)]
    full = year["amount"] + year["discount"]
    share = year["discount"] / full.where(full != 0)
    features["discount_share_mean_365d"] = share.groupby(year[_KEY]).mean()
    features["discounted_count_365d"] = year[year["discount"] > 0].groupby(_KEY).size()
    return pd.DataFrame(features)


def _baskets(folder: Path, known: pd.DataFrame, cutoff: pd.Timestamp) -> list[pd.DataFrame]:
    lines = pd.read_parquet(
        folder / "order_lines.parquet", columns=["order_id", "product_id", "unit_price"]
    )
    products = pd.read_parquet(
        folder / "products.parquet", columns=["product_id", "category", "brand"]
    )
    bought = known[(known["cancelled"] == 0) & (known["ordered_at"] > _ago(cutoff, 730))]
    lines = lines.merge(bought[["order_id", _KEY, "ordered_at"]], on="order_id")
    lines = lines.merge(products, on="product_id", how="left")
    price = (lines["unit_price"] * 100).round()
    lines["price_index"] = price / price.groupby(lines["category"]).transform("mean")
    year = lines[lines["ordered_at"] > _ago(cutoff, 365)]
    shelf = pd.DataFrame(
        {
            "price_index_mean_365d": year.groupby(_KEY)["price_index"].mean(),
            "premium_share_mean_365d": (year["price_index"] > 1.25).groupby(year[_KEY]).mean(),
        }
    )
    return [shelf, _preferred(lines, "category"), _preferred(lines, "brand")]


def _preferred(lines: pd.DataFrame, column: str) -> pd.DataFrame:
    """Find what was bought most often; of equals the first in the alphabet."""
    counts = lines.groupby([_KEY, column]).size().rename("lines").reset_index()
    counts = counts.sort_values([_KEY, "lines", column], ascending=[True, False, True])
    by_customer = counts.groupby(_KEY)
    return pd.DataFrame(
        {
            f"{column}_top": by_customer[column].first(),
            f"{column}_count": by_customer.size(),
            f"{column}_top_share": by_customer["lines"].first() / by_customer["lines"].sum(),
        }
    )


def _browsing(folder: Path, cutoff: pd.Timestamp) -> pd.DataFrame:
    events = pd.read_parquet(folder / "events.parquet", columns=[_KEY, "occurred_at", "event_type"])
    at = events["occurred_at"]
    events = events[(at <= cutoff) & (at > _ago(cutoff, 91))]
    features = {}
    for span in (7, 28, 91):
        recent = events[events["occurred_at"] > _ago(cutoff, span)]
        for kind in ("view", "cart", "search"):
            of = recent[recent["event_type"] == kind]
            features[f"{kind}_count_{span}d"] = of.groupby(_KEY).size()
        features[f"events_count_{span}d"] = recent.groupby(_KEY).size()
    days = events.assign(day=_day(events["occurred_at"]))
    days = days.groupby([_KEY, "day"])["occurred_at"].min().reset_index()
    for span in (28, 91):
        of = days[days["occurred_at"] > _ago(cutoff, span)]
        features[f"active_days_count_{span}d"] = of.groupby(_KEY).size()
    return pd.DataFrame(features)[[n for n in features if n in FIFTY]]


def _messaging(folder: Path, cutoff: pd.Timestamp) -> pd.DataFrame:
    messages = pd.read_parquet(folder / "messages.parquet", columns=[
        _KEY, "sent_at", "channel", "opened_at", "machine_opened", "clicked_at"
    ])  # fmt: skip
    at = messages["sent_at"]
    messages = messages[(at <= cutoff) & (at > _ago(cutoff, 365))]
    messages["open"] = (messages["opened_at"] <= cutoff) & ~messages["machine_opened"]
    messages["click"] = messages["clicked_at"] <= cutoff
    recent = messages[messages["sent_at"] > _ago(cutoff, 182)]
    month = messages[messages["sent_at"] > _ago(cutoff, 28)]
    features = {"messages_count_28d": month.groupby(_KEY).size()}
    everybody = messages[_KEY].unique()
    for channel in sorted(messages["channel"].unique()):
        everyone = messages[messages["channel"] == channel]
        of = recent[recent["channel"] == channel].groupby(_KEY)
        sent = of.size().reindex(everybody, fill_value=0)
        for what in ("open", "click"):
            done = of[what].sum().reindex(everybody, fill_value=0)
            rate = (done + 20 * everyone[what].mean()) / (sent + 20)
            features[f"{channel}_{what}_rate_182d"] = rate
    return pd.DataFrame(features)
