"""Raw values in the types of the contract, each turned by SQL as it stands in a file."""

from pathlib import Path

import pandas as pd

from features.log.log import read_log
from features.shop.shop import read_shop

GOOD = pd.DataFrame(
    {
        "order_id": ["a", "b", "c"],
        "customer_id": ["x", "y", "x"],
        "ordered_at": ["2024-01-05", "2024-01-06 10:00:00", "2024-01-07T10:00:00Z"],
        "amount": ["10.50", "0", "7.25"],
    }
)


def test_whole_ids_that_pandas_made_floats_stay_whole(tmp_path: Path) -> None:
    frame = GOOD.assign(customer_id=[17841.0, 12680.0, 17841.0], amount=[1.0, 2.0, 3.0])
    frame.to_parquet(tmp_path / "orders.parquet")
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.parquet"\n')
    log = read_log(read_shop(tmp_path / "nextbuy.toml"))
    ids = log.connection.execute("SELECT DISTINCT customer_id FROM orders ORDER BY 1").fetchall()
    assert ids == [("12680",), ("17841",)]
