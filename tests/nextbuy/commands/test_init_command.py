"""The command `init`: from an export to a checked nextbuy.toml."""

from pathlib import Path

import pytest

from nextbuy.init.preset import list_presets
from tests.nextbuy.command_line import RunCommand
from tests.nextbuy.init.made_up_exports import copy_files


def test_an_export_becomes_a_shop_that_is_checked(run: RunCommand, tmp_path: Path) -> None:
    files = copy_files("shopify", tmp_path)
    config = tmp_path / "nextbuy.toml"
    options = ["--from", "shopify", "--shop", str(config), "--name", "Nordlicht"]
    code, output, error = run("init", *files, *options)
    assert (code, error) == (0, "")
    assert "written: orders, order_lines, products, consents, customers" in output
    assert "Nordlicht: every table keeps the contract" in output
    assert "left out as 'gift cards'" in output
    written = config.read_text()
    code, output, error = run("init", *files, *options)
    assert code == 1
    assert "expected no file yet" in error
    assert config.read_text() == written
    assert run("init", *files, *options, "--force")[0] == 0


def test_nothing_is_written_if_the_export_cannot_be_read(run: RunCommand, tmp_path: Path) -> None:
    (orders, *_) = copy_files("shopify", tmp_path)
    config = tmp_path / "nextbuy.toml"
    code, output, error = run("init", orders, "--from", "olist", "--shop", str(config))
    assert (code, output) == (1, "")
    assert "Olist needs the CSV files olist_orders_dataset" in error
    assert not config.exists()


def test_the_help_names_every_system(run: RunCommand) -> None:
    _, output, _ = run("init", "--help")
    assert all(name in output for name in list_presets())


@pytest.mark.parametrize("option", ["--timezone", "--currency"])
def test_a_setting_that_cannot_be_is_refused_before_anything_is_written(
    run: RunCommand, tmp_path: Path, option: str
) -> None:
    files = copy_files("shopify", tmp_path)
    config = tmp_path / "nextbuy.toml"
    shop = ["--from", "shopify", "--shop", str(config)]
    code, _, error = run("init", *files, *shop, option, "Mars/Olympus")
    assert code == 1
    assert "Mars/Olympus" in error
    assert not config.exists()


def test_questions_are_printed_and_nothing_is_written_without_a_terminal(
    run: RunCommand, tmp_path: Path
) -> None:
    orders, config = tmp_path / "orders.csv", tmp_path / "nextbuy.toml"
    orders.write_text(
        "order_id,customer_id,ordered_at,amount\n1,a,02/01/2025,1\n2,a,03/01/2025,1\n"
    )
    code, output, _ = run("init", str(orders), "--shop", str(config))
    assert code == 1
    assert '1  formats.ordered_at = {instant = "%d/%m/%Y"} (proposed)' in output
    assert "Nothing was written" in output
    assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]
    code, output, _ = run("init", str(orders), "--shop", str(config), "--yes")
    assert code == 0
    assert "next: nextbuy train --shop" in output
    assert "%d/%m/%Y" in config.read_text()
