"""Tests of CSV files of other shapes: each is read whole, or refused with the line to add."""

import gzip
import zipfile
from pathlib import Path

import pytest

from features.errors import InputError
from features.log.log import Log, read_log
from features.shop.shop import read_shop

HEADER = "order_id,customer_id,ordered_at,amount"
ROWS = ["o1,ann,2024-01-05,10.00", "o2,ben,2024-01-06,20.50", "o3,Zoë,2024-02-07,30.00"]
PLAIN = "\n".join([HEADER, *ROWS, ""])
EXPECTED = [("o1", "ann", 1000), ("o2", "ben", 2050), ("o3", "Zoë", 3000)]


def _read(folder: Path, content: bytes, name: str = "orders.csv", settings: str = "") -> Log:
    (folder / name).write_bytes(content)
    config = folder / "nextbuy.toml"
    config.write_text(f"[tables.orders]\npath = '{name}'\n{settings}\n")
    return read_log(read_shop(config))


def _rows(log: Log) -> list[tuple]:
    rows = log.fetch("SELECT order_id, customer_id, amount FROM orders ORDER BY order_id")
    log.close()
    return rows


@pytest.mark.parametrize(
    "name",
    ["orders.CSV", "orders.txt", "orders.TSV", "orders", "orders.csv.gz", "orders.CSV.GZ", "o.zip"],
)
def test_every_name_and_packing_is_read(tmp_path: Path, name: str) -> None:
    content = PLAIN.encode()
    if name.lower().endswith(".gz"):
        content = gzip.compress(content)
    if name.endswith(".zip"):
        with zipfile.ZipFile(tmp_path / "packed", "w") as archive:
            archive.writestr("export/orders.csv", content)
        content = (tmp_path / "packed").read_bytes()
    assert _rows(_read(tmp_path, content, name)) == EXPECTED


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed", "w") as archive:
        archive.writestr("orders.csv", PLAIN)
        archive.writestr("lines.csv", PLAIN)
    with pytest.raises(InputError, match="an archive of 2 files"):
        _read(tmp_path, (tmp_path / "packed").read_bytes(), "orders.zip")


def _with_column(header: str, values: str) -> str:
    return PLAIN.replace(HEADER, f"{HEADER},{header}").replace("0\n", f"0,{values}\n")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(PLAIN.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(PLAIN.replace("\n", "\r\n", 2), id="mixed ends of lines"),
        pytest.param("\N{ZERO WIDTH NO-BREAK SPACE}" + PLAIN, id="byte order mark"),
        pytest.param("sep=,\n" + PLAIN, id="sep= of spreadsheets"),
        pytest.param("sep=;\r\n" + PLAIN.replace(",", ";"), id="sep=; and CRLF"),
        pytest.param(PLAIN.replace(",", "\t"), id="tabs"),
        pytest.param(PLAIN.replace(",", "|"), id="bars"),
        pytest.param(PLAIN[:-1], id="no end of the last line"),
        pytest.param(_with_column('"note; internal"', "x"), id="a semicolon in a quoted header"),
        pytest.param(_with_column('"note\r\n(internal)"', "x"), id="a newline in a header"),
        pytest.param(_with_column("Name,Name", "x,y"), id="repeated columns that nobody maps"),
        pytest.param(_with_column("", ""), id="a column without a name"),
    ],
)
def test_every_shape_of_file_is_read_whole(tmp_path: Path, content: str) -> None:
    assert _rows(_read(tmp_path, content.encode())) == EXPECTED


def test_newlines_within_quotes_stay_where_lines_end_in_two_ways(tmp_path: Path) -> None:
    content = f'{HEADER},sales_channel\r\no1,ann,2024-01-05,1,"a\nb"\no2,ben,2024-01-06,2,web\n'
    log = _read(tmp_path, content.encode())
    assert log.fetch("SELECT sales_channel FROM orders ORDER BY order_id") == [("a\nb",), ("web",)]
    log.close()


@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "windows-1252", "iso-8859-15", "utf-8"]
)
def test_a_declared_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    settings = f"encoding = '{encoding}'"
    assert _rows(_read(tmp_path, PLAIN.encode(encoding), settings=settings)) == EXPECTED


@pytest.mark.parametrize(
    ("encoding", "name"), [("windows-1250", "Łucja"), ("windows-1251", "Анна"), ("cp932", "花子")]
)
def test_names_of_other_alphabets_are_read(tmp_path: Path, encoding: str, name: str) -> None:
    content = PLAIN.replace("Zoë", name).encode(encoding)
    log = _read(tmp_path, content, settings=f"encoding = '{encoding}'")
    assert _rows(log)[2][1] == name


def test_another_encoding_is_refused_with_its_line_and_the_setting(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"in line 4 of .*encoding = \"windows-1252\""):
        _read(tmp_path, PLAIN.encode("windows-1252"))
    with pytest.raises(InputError, match="text in ASCII, got other bytes in line 4"):
        _read(tmp_path, PLAIN.encode("windows-1252"), settings="encoding = 'ascii'")


def test_a_file_without_a_header_has_its_columns_listed(tmp_path: Path) -> None:
    content = PLAIN.split("\n", 1)[1].encode()
    listed = "columns = ['order_id', 'customer_id', 'ordered_at', 'amount']"
    assert _rows(_read(tmp_path, content, settings=listed)) == EXPECTED
    again = _read(tmp_path, content.replace(b"\n", b"\r\n", 1), settings=listed)
    assert _rows(again) == EXPECTED


def test_a_quote_that_never_closes_is_one_sentence(tmp_path: Path) -> None:
    long = "x" * 300_000
    for content in (f'"order_id,customer_id\n{long}', f'{HEADER}\no1,"{long},2024-01-05,1\n'):
        with pytest.raises(InputError, match=r"^orders") as error:
            _read(tmp_path, content.encode())
        assert len(error.value.faults) == 1


def test_a_declared_delimiter_counts(tmp_path: Path) -> None:
    content = PLAIN.replace(",", "~").encode()
    assert _rows(_read(tmp_path, content, settings="delimiter = '~'")) == EXPECTED


def test_a_repeated_column_that_is_read_is_refused(tmp_path: Path) -> None:
    content = _with_column("Amount", "1").encode()
    with pytest.raises(InputError, match="names each column once, got 'amount', 'Amount'"):
        _read(tmp_path, content)


@pytest.mark.parametrize(
    ("setting", "where"),
    [
        ("encoding = 'klingon'", "tables.orders.encoding"),
        ("encoding = 'base64'", "tables.orders.encoding"),
        ("delimiter = ''", "tables.orders.delimiter"),
        ("columns = ['order_id', 'amount', 'Amount']", "tables.orders.columns"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, setting: str, where: str) -> None:
    with pytest.raises(InputError) as error:
        _read(tmp_path, b"", settings=setting)
    assert [fault.where for fault in error.value.faults] == [where]
