"""Each preset makes the right tables of an export, whose rows were worked out by hand."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from features.log.log import Log, read_log
from features.shop.shop import parse_shop
from nextbuy.init.given_tables import look_at
from nextbuy.init.presets_draft import draft_from_presets
from nextbuy.init.shop_draft import render_shop
from tests.nextbuy.init.made_up_exports import (
    copy_files,
    expected_left_out,
    expected_rows,
    expected_tables,
    open_database,
    read_rows,
)

IN_FILES = ("shopify", "olist", "ga4", "segment", "snowplow", "klaviyo")
IN_DATABASES = {"woocommerce": "UTC", "magento": "UTC", "prestashop": "Europe/Paris"}


def _read(systems: Sequence[str], given: Sequence[str], folder: Path, zone: str | None) -> Log:
    settings = {} if zone is None else {"timezone": zone}
    path = folder / "nextbuy.toml"
    draft = draft_from_presets(systems, look_at(given, folder, None), settings, path)
    return read_log(parse_shop(render_shop(draft), path))


def _check(log: Log, system: str, tables: set[str]) -> None:
    for table in sorted(tables):
        columns, rows = expected_rows(system, table, log.shop.fold)
        assert read_rows(log, table, columns) == rows, table
    left_out = expected_left_out(system)
    assert {name: dict(log.left_out[name]) for name in left_out} == left_out


@pytest.mark.parametrize("system", IN_FILES)
def test_a_preset_reads_files(tmp_path: Path, system: str) -> None:
    log = _read([system], copy_files(system, tmp_path), tmp_path, None)
    assert log.provided.keys() == expected_tables(system)
    _check(log, system, expected_tables(system))
    log.close()


@pytest.mark.parametrize("system", IN_DATABASES)
def test_a_preset_reads_a_database(tmp_path: Path, system: str) -> None:
    with open_database(system) as given:
        log = _read([system], given, tmp_path, IN_DATABASES[system])
        assert log.provided.keys() == expected_tables(system)
        _check(log, system, expected_tables(system))
        log.close()


def test_mautic_adds_messages_and_consents_to_another_system(tmp_path: Path) -> None:
    with open_database("woocommerce", "mautic") as given:
        log = _read(["woocommerce", "mautic"], given, tmp_path, "UTC")
        _check(log, "woocommerce", expected_tables("woocommerce"))
        _check(log, "mautic", expected_tables("mautic"))
        log.close()
