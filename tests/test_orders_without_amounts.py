"""A shop whose orders have no amounts, or no ids, goes from its file to answers all the same."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.builds.shop_catalog import read_catalog
from features.catalog.dictionary import make_catalog
from features.catalog.glossary import FULL_VOCABULARY
from features.errors import InputError
from features.ledgers.posted_rows import PostedRowChecker
from features.log.log import Log, read_log
from features.shop.shop import Shop, read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from serving.answers.predictor import load_predictor
from tests.features.sources.shop_folders import read_folder
from training.data_support import assess
from training.lifecycle.promote import promote
from training.train import train

COUNTED = '[tables.orders]\npath = "visits.csv"\nhas_amounts = false\norder_per = "{}"\n'
VISITS = """\
customer_id,ordered_at
a,2025-01-01 10:00
a,2025-01-01 18:00
a,2025-01-01 18:00
b,2025-01-01 10:00
a,2025-03-01 10:00
"""


def test_each_row_is_an_order_or_each_day_of_a_customer(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text(VISITS)
    log = read_folder(tmp_path, COUNTED.format("row"))
    rows = log.fetch("SELECT order_id, amount FROM orders ORDER BY order_id")
    assert rows == [
        ("a/2025-01-01 10:00/1", None),
        ("a/2025-01-01 18:00/1", None),
        ("a/2025-01-01 18:00/2", None),
        ("a/2025-03-01 10:00/1", None),
        ("b/2025-01-01 10:00/1", None),
    ]
    log.close()
    log = read_folder(tmp_path, COUNTED.format("day"))
    days = log.fetch("SELECT order_id, local_day FROM orders ORDER BY order_id")
    assert days == [("a/2025-01-01", 20089), ("a/2025-03-01", 20148), ("b/2025-01-01", 20089)]
    log.close()


def test_the_amounts_of_a_day_are_added_up_and_it_is_known_once_all_of_it_is(
    tmp_path: Path,
) -> None:
    (tmp_path / "visits.csv").write_text(
        "customer_id,ordered_at,amount,known_at,cancelled_at,store\n"
        "a,2025-01-01 18:00,2.50,2025-01-03,,north\n"
        "a,2025-01-01 09:00,1.25,2025-01-02,2025-01-05,south\n"
        "b,2025-01-01 09:00,4,2025-01-02,2025-01-05,south\n"
    )
    log = read_folder(tmp_path, '[tables.orders]\npath = "visits.csv"\norder_per = "day"\n')
    query = (
        "SELECT amount, make_timestamp(known_at)::DATE::VARCHAR, cancelled_at IS NULL, store "
        "FROM orders ORDER BY order_id"
    )
    assert log.fetch(query) == [
        (375, "2025-01-03", True, "south"),
        (400, "2025-01-02", False, "south"),
    ]
    log.close()


@pytest.mark.parametrize(
    ("tables", "said"),
    [
        ('columns = {amount = "total"}\nhas_amounts = false', "no amount among the columns"),
        ('columns = {order_id = "no"}\norder_per = "row"', "no order_id among the columns"),
        ("has_amounts = false\n[channels]\ncost = {sms = 0.1}", "no costs where orders have no"),
        ('[tables.events]\npath = "e.csv"\norder_per = "row"', "a setting of the table orders"),
        ("", r"orders.order_id: expected a column 'order_id'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    tmp_path: Path, tables: str, said: str
) -> None:
    (tmp_path / "visits.csv").write_text(VISITS)
    with pytest.raises(InputError, match=said):
        read_folder(tmp_path, f'[tables.orders]\npath = "visits.csv"\n{tables}\n')


def test_a_shop_with_amounts_still_needs_them_in_posted_rows(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text(VISITS)
    log = read_folder(tmp_path, COUNTED.format("row"))
    order = {"order_id": "a/2025-04-01", "customer_id": "a", "ordered_at": "2025-04-01T10:00Z"}
    (row,) = PostedRowChecker(log.shop).read({"orders": [order]})
    assert row.body["customer_id"] == "a"
    log.close()
    text = '[tables.orders]\npath = "orders.csv"\n'
    (tmp_path / "nextbuy.toml").write_text(text)
    with pytest.raises(InputError, match=r"orders\.amount: expected a value"):
        PostedRowChecker(read_shop(tmp_path / "nextbuy.toml")).read({"orders": [order]})


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """A shop of 120 customers who come back every 20 to 60 days; nothing but days is known."""
    folder = tmp_path_factory.mktemp("counted")
    rng = np.random.default_rng(3)
    visits = [
        (f"c{number}", day)
        for number in range(120)
        for day in np.cumsum(rng.exponential(rng.uniform(20, 60), size=12)) + rng.uniform(0, 200)
        if day < 420
    ]
    start = pd.Timestamp.now().normalize() - pd.Timedelta(days=450)
    frame = pd.DataFrame(visits, columns=["customer_id", "day"])
    frame["ordered_at"] = (start + pd.to_timedelta(frame["day"], "D")).dt.floor("s")
    frame[["customer_id", "ordered_at"]].to_csv(folder / "visits.csv", index=False)
    text = COUNTED.format("day")
    (folder / "nextbuy.toml").write_text(f"[shop]\nhorizon_days = 30\n{text}")
    return read_log(read_shop(folder / "nextbuy.toml"))


def test_features_that_read_amounts_are_left_out(counted: Log) -> None:
    catalog = read_catalog(counted, counted.observed_until)
    assert {"orders_count", "frequency", "days_since_last"} <= catalog.keys()
    reading = {
        name
        for name, feature in make_catalog(FULL_VOCABULARY).items()
        if "orders.amount" in make_catalog(FULL_VOCABULARY).needs(feature)
    }
    assert {"monetary_value", "order_amount_sum", "order_amount_mean"} <= reading
    assert not reading & catalog.keys()


def test_a_shop_without_amounts_is_trained_and_answers_without_spend(counted: Log) -> None:
    support = {s.prediction: (s.verdict, s.missing) for s in assess(counted)}
    assert support["value"] == ("not_possible", ["orders.amount"])
    shop: Shop = counted.shop
    train(counted, ["churn", "repurchase-timing"], trials=0)
    promote(shop.tracking_uri)
    build_store(counted, store_target(shop), counted.observed_until)
    predictor = load_predictor(shop, max_age_hours=1e6, expires_hours=24)
    (answer,) = predictor.predict(["c1"], counted.observed_until).answers
    assert answer.churn is not None
    assert answer.value is not None
    assert answer.value.expected_purchases > 0
    assert answer.value.expected_spend is None
    assert answer.value.reason == "the orders of this shop have no amounts"
    predictor.close()
