"""What is given to `nextbuy init`: files, parts of an export, databases."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import InputError
from nextbuy.init.given_tables import join_parts, look_at
from tests.nextbuy.init.made_up_exports import open_database


def _write(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).write_text("Name,Email\n1,a@x.org\n")
    return [str(folder / name) for name in names]


def test_files_are_named_relative_to_the_settings(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (given,) = look_at(_write(tmp_path, "orders_export.csv"), tmp_path / "shop", None)
    assert (given.name, given.path) == ("orders_export", "../orders_export.csv")
    assert given.columns == ["Name", "Email"]
    assert given.has(["EMAIL"])
    assert not given.has(["Total"])


def test_columns_of_parquet_and_of_another_encoding_are_read(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1], "b": [2]}).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.csv").write_bytes("Größe;Preis\n1;2\n".encode("utf-16"))
    names = [str(tmp_path / "t.parquet"), str(tmp_path / "t.csv")]
    parquet, csv = look_at(names, tmp_path, "utf-16")
    assert (parquet.columns, csv.columns) == (["a", "b"], ["Größe", "Preis"])


def test_the_parts_of_an_export_are_one_table(tmp_path: Path) -> None:
    parts = look_at(_write(tmp_path, "orders_1.csv", "orders_2.csv"), tmp_path, None)
    assert join_parts(parts).path == "orders_*.csv"
    _write(tmp_path, "orders_old.csv")  # which the glob would read, too
    with pytest.raises(InputError, match="one file of each kind, or the parts of one export"):
        join_parts(parts)


def test_tables_of_a_database_are_found(tmp_path: Path) -> None:
    with open_database("mautic") as (url,):
        tables = {table.name: table for table in look_at([url], tmp_path, None)}
        assert "email_stats" in tables
        assert tables["leads"].has(["id", "email", "date_added"])
        assert tables["leads"].source == {"database": url}


def test_an_address_in_the_environment_is_not_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_database("mautic") as (url,):
        monkeypatch.setenv("MAUTIC_DSN", url)
        tables = look_at(["env:MAUTIC_DSN"], tmp_path, None)
        assert {str(table.source) for table in tables} == {"{'database_env': 'MAUTIC_DSN'}"}


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("mysql://shop:s3cret@127.0.0.1/shop", "an address without a password"),
        ("env:NO_SUCH_VARIABLE", "in the environment variable NO_SUCH_VARIABLE, got nothing"),
        ("mysql://root@127.0.0.1:3306/nextbuy_no_such_shop", "Unknown database"),
        ("mysql://root@127.0.0.1:9/shop", "Can't connect"),
        ("oracle://127.0.0.1/shop", "a MySQL, MariaDB or PostgreSQL database, got oracle"),
        ("nothing.csv", "at least one file"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(
    tmp_path: Path, argument: str, said: str
) -> None:
    with pytest.raises(InputError, match=said) as caught:
        look_at([argument], tmp_path, None)
    assert "s3cret" not in str(caught.value)
