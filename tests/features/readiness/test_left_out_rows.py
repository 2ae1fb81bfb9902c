"""Tests of rows that conditions in nextbuy.toml leave out, from the file to the report."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.readiness.left_out_rows import find_left_out
from tests.features.sources.shop_folders import fault_of_folder, read_folder

ORDERS = """\
order_id,customer_id,ordered_at,amount,status
1,a,2025-01-01,10,paid
2,a,2025-01-05,10,test
3,b,2025-02-01,-4,paid
4,b,2025-02-02,-5,test
5,b,2025-03-01,7,
"""
SECTION = """
[tables.orders]
path = "orders.csv"
leave_out = {"test orders" = "status = 'test'", refunds = "amount::DECIMAL(18, 2) < 0"}
"""


def test_a_row_counts_for_the_first_condition_that_it_meets(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    for _ in range(2):  # the second time from the kept copy
        log = read_folder(tmp_path, SECTION)
        assert log.fetch("SELECT order_id FROM orders ORDER BY order_id") == [("1",), ("5",)]
        found = [(f.what, f.count, f.share) for f in find_left_out(log, "orders")]
        assert found == [("left out as 'test orders'", 2, 0.4), ("left out as 'refunds'", 1, 0.2)]
        log.close()


def test_a_condition_sees_the_columns_of_a_query_of_several_files(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    (tmp_path / "people.csv").write_text("customer_id,email\na,A@x.org\nb,b@x.org\n")
    section = """
[tables.orders]
path = {orders = "orders.csv", people = "people.csv"}
query = '''
SELECT order_id, lower(email) AS customer_id, ordered_at, amount::DECIMAL(18, 2) AS amount, status
FROM orders JOIN people USING (customer_id)
'''
leave_out = {tests = "status = 'test'", refunds = "amount < 0"}
"""
    log = read_folder(tmp_path, section)
    rows = log.fetch("SELECT order_id, customer_id, amount FROM orders ORDER BY order_id")
    assert rows == [("1", "a@x.org", 1000), ("5", "b@x.org", 700)]
    assert log.left_out["orders"] == {"tests": 2, "refunds": 1}
    log.close()
    (tmp_path / "people.csv").write_text("customer_id,email\na,C@x.org\nb,b@x.org\n")
    log = read_folder(tmp_path, section)  # a changed file is read again
    assert log.fetch("SELECT customer_id FROM orders ORDER BY order_id") == [
        ("c@x.org",),
        ("b@x.org",),
    ]
    log.close()


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("status = ", "a condition in SQL"),
        ("state = 'test'", "conditions that fit the columns"),
        ("amount IN (SELECT * FROM 'orders.csv')", "the table or file 'orders.csv'"),
        ("getenv('HOME') = ''", "the function getenv()"),
        ("amount < 'x'::INT", "conditions that fit the columns"),
    ],
)
def test_a_condition_that_is_none_is_refused_by_its_table(
    tmp_path: Path, condition: str, said: str
) -> None:
    (tmp_path / "orders.csv").write_text(ORDERS)
    section = f'[tables.orders]\npath = "orders.csv"\nleave_out.tests = """{condition}"""\n'
    text = fault_of_folder(tmp_path, section)
    assert said in text
    assert text.startswith("tables.orders.leave_out")


def test_several_files_need_a_query(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"tables\.orders: expected a path"):
        read_folder(tmp_path, '[tables.orders]\npath = {a = "orders.csv"}\n')
