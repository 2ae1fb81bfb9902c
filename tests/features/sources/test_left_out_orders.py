"""Lines and returns of orders that are left out are left out with them."""

import sqlite3
from pathlib import Path

from tests.features.sources.shop_folders import read_folder

ORDERS = """\
order_id,customer_id,ordered_at,amount,status
1,a,2025-01-01,10,paid
 2 ,a,2025-01-05,10,{}
"""
LINES = "order_id,product_id,quantity,unit_price\n1,x,1,10\n2,x,1,10\n3,x,1,10\n"
RETURNS = (
    "return_id,customer_id,returned_at,amount,order_id\nr,a,2025-02-01,1,2\ns,a,2025-02-01,1,\n"
)
SECTIONS = """
[tables.orders]
{orders}
leave_out.tests = "status = 'test'"
[tables.order_lines]
path = "lines.csv"
[tables.returns]
path = "returns.csv"
"""


def _write(folder: Path, status: str) -> None:
    (folder / "orders.csv").write_text(ORDERS.format(status))
    (folder / "lines.csv").write_text(LINES)
    (folder / "returns.csv").write_text(RETURNS)


def _ids(folder: Path, sections: str) -> tuple[list[tuple[str]], list[tuple[str]]]:
    log = read_folder(folder, sections)
    lines = log.fetch("SELECT order_id FROM order_lines ORDER BY 1")
    returns = log.fetch("SELECT return_id FROM returns ORDER BY 1")
    log.close()
    return lines, returns


def test_of_files(tmp_path: Path) -> None:
    sections = SECTIONS.format(orders='path = "orders.csv"')
    _write(tmp_path, "test")
    for _ in range(2):  # the second time from the kept copies
        assert _ids(tmp_path, sections) == ([("1",), ("3",)], [("s",)])
    _write(tmp_path, "paid")  # the files of lines and returns stay the same
    assert _ids(tmp_path, sections) == ([("1",), ("2",), ("3",)], [("r",), ("s",)])


def test_an_order_without_an_id_that_is_left_out_takes_no_line_with_it(tmp_path: Path) -> None:
    _write(tmp_path, "test")
    with (tmp_path / "orders.csv").open("a") as file:
        file.write(",b,2025-01-07,1,test\n")
    assert _ids(tmp_path, SECTIONS.format(orders='path = "orders.csv"'))[0] == [("1",), ("3",)]


def test_of_a_database(tmp_path: Path) -> None:
    _write(tmp_path, "test")
    with sqlite3.connect(tmp_path / "shop.sqlite") as connection:
        connection.execute("CREATE TABLE o (order_id, customer_id, ordered_at, amount, status)")
        rows = [("1", "a", "2025-01-01", 10, "paid"), ("2", "a", "2025-01-05", 10, "test")]
        connection.executemany("INSERT INTO o VALUES (?, ?, ?, ?, ?)", rows)
    sections = SECTIONS.format(orders='database = "shop.sqlite"\ntable = "o"')
    for hours in (0, 0, 5, 5):  # read by each command, and used again
        text = f"reuse_hours = {hours}\n{sections}"
        assert _ids(tmp_path, text) == ([("1",), ("3",)], [("s",)])
