"""Files of a table: one, many or a folder are read alike; a broken one is one clear error."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import read_shop
from tests.features.sources.shop_folders import HEADER, fault_of_folder, orders_section, read_folder


class TestFiles:
    @pytest.mark.parametrize("path", ["all", "all/", "all/**/*.csv", "all/*/*.csv"])
    def test_a_folder_or_a_deep_glob_is_one_table(self, tmp_path: Path, path: str) -> None:
        for year in (2023, 2024):
            folder = tmp_path / "all" / f"{year}"
            folder.mkdir(parents=True)
            (folder / "part.csv").write_text(HEADER + f"{year},x,{year}-01-05,1\n")
            (folder / "_SUCCESS").touch()
        log = read_folder(tmp_path, orders_section(path))
        assert log.count("orders") == 2

    @pytest.mark.parametrize("ending", ["csv", "parquet"])
    def test_the_keys_of_partitions_are_columns_and_stay_text(
        self, tmp_path: Path, ending: str
    ) -> None:
        for store in ("007", "north"):
            folder = tmp_path / "orders" / f"shop={store}"
            folder.mkdir(parents=True)
            frame = pd.DataFrame(
                {"order_id": [store], "customer_id": ["x"], "ordered_at": ["2024-01-05"]}
            ).assign(amount="1")
            if ending == "csv":
                frame.to_csv(folder / "part.csv", index=False)
            else:
                frame.to_parquet(folder / "part.parquet")
        log = read_folder(tmp_path, orders_section("orders") + "columns = {store = 'shop'}\n")
        rows = log.connection.execute("SELECT order_id, store FROM orders ORDER BY 1").fetchall()
        assert rows == [("007", "007"), ("north", "north")]

    def test_files_with_other_columns_and_delimiters_are_joined_by_name(
        self, tmp_path: Path
    ) -> None:
        (tmp_path / "o1.csv").write_text(HEADER + "1,x,2024-01-05,1\n")
        (tmp_path / "o2.csv").write_bytes(
            b"\xef\xbb\xbf"
            + b"amount;store;order_id;ordered_at;customer_id\r\n"
            b'"2,5";"a;b";2;2024-01-06;y\r\n'.replace(b"2,5", b"2.5")
        )
        log = read_folder(tmp_path, orders_section("o*.csv"))
        rows = log.connection.execute("SELECT amount, store FROM orders ORDER BY 1").fetchall()
        assert rows == [(100, None), (250, "a;b")]

    def test_brackets_in_a_files_name_are_no_glob(self, tmp_path: Path) -> None:
        (tmp_path / "orders[1].csv").write_text(HEADER + "1,x,2024-01-05,1\n2,x,2024-01-06,1\n")
        assert read_folder(tmp_path, orders_section("orders[1].csv")).count("orders") == 2

    def test_partitions_of_two_types_are_refused(self, tmp_path: Path) -> None:
        frame = pd.DataFrame({"order_id": ["a"], "customer_id": ["x"], "amount": [1]})
        for year, when in ((2023, pd.Timestamp("2023-01-05")), (2024, "2024-01-05")):
            folder = tmp_path / "orders" / f"year={year}"
            folder.mkdir(parents=True)
            frame.assign(ordered_at=[when]).to_parquet(folder / "part.parquet")
        says = fault_of_folder(tmp_path, orders_section("orders"))
        assert "orders.ordered_at: expected one type in all files" in says

    def test_two_kinds_of_files_in_a_folder_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "orders").mkdir()
        (tmp_path / "orders" / "a.csv").write_text(HEADER)
        (tmp_path / "orders" / "b.parquet.partial").write_text("x")
        assert "got a.csv, b.parquet.partial" in fault_of_folder(tmp_path, orders_section("orders"))

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"order_id,amount,Amount\n1,2,3\n", r"each column once, got 'amount', 'Amount' in "
             r"line 1 of .*o\[1\]\.csv"),
            (HEADER.encode() + b"1,x,2024-01-05,1\n2,x,2024-01-05\n",
             r"4 columns in every line, got 3 in line 3 of .*o\[1\]\.csv"),
            (HEADER.encode() + b"1,x,2024-01-05,1\n2,x,2024-01-05,1,2\n",
             r"4 columns in every line, got 5 in line 3 of .*o\[1\]\.csv"),
            (HEADER.encode() + "1,é,2024-01-05,1\n".encode("latin-1"),
             r"text in UTF-8, got other bytes in line 2 of .*o\[1\]\.csv"),
            ("ördér_id,b\n".encode("latin-1"), r"text in UTF-8, got other bytes in line 1 of "),
            ((HEADER + "1,x,2024-01-05,1\n").encode("utf-16"), r"text in UTF-8, got other bytes"),
            (HEADER.encode() + b'1,"x,2024-01-05,1\n', r"quotes that close, got .* of .*o\[1\]"),
        ],
    )  # fmt: skip
    def test_a_broken_csv_is_named_with_its_line(
        self, tmp_path: Path, content: bytes, says: str
    ) -> None:
        (tmp_path / "o[1].csv").write_bytes(content)
        (tmp_path / "o2.csv").write_text(HEADER + "9,x,2024-01-05,1\n")
        with pytest.raises(InputError, match=says) as caught:
            read_folder(tmp_path, orders_section("o*.csv"))
        assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [("orders.parquet", b"not parquet"), ("orders.csv.gz", b"not gzip"), ("orders.csv", b"")],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    (tmp_path / "nextbuy.toml").write_text(f'[tables.orders]\npath = "{name}"\n')
    with pytest.raises(InputError, match="orders") as caught:
        read_log(read_shop(tmp_path / "nextbuy.toml"))
    assert len(caught.value.faults) == 1
    assert "remedy" not in str(caught.value)


def test_a_truncated_file_is_named(tmp_path: Path) -> None:
    whole = gzip.compress(
        ("order_id,customer_id,ordered_at,amount\n" + "a,b,2024-01-01,1\n" * 9999).encode()
    )
    (tmp_path / "orders.csv.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv.gz"\n')
    with pytest.raises(InputError, match=r"^orders"):
        read_log(read_shop(tmp_path / "nextbuy.toml"))


@pytest.mark.parametrize(
    ("path", "says"), [("none.csv", "at least one file"), ("orders.xlsx", "a path or glob that")]
)
def test_a_path_without_files_or_of_an_unknown_kind_is_refused(
    tmp_path: Path, path: str, says: str
) -> None:
    (tmp_path / "nextbuy.toml").write_text(f'[tables.orders]\npath = "{path}"\n')
    with pytest.raises(InputError, match=says):
        read_log(read_shop(tmp_path / "nextbuy.toml"))
