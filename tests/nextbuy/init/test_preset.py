"""The files of the presets."""

import re

import pytest

from features.contract.tables import TABLES_BY_NAME
from features.errors import InputError
from nextbuy.init.preset import list_presets, read_preset


@pytest.mark.parametrize("name", list_presets())
def test_a_preset_makes_tables_of_the_contract_from_its_sources(name: str) -> None:
    preset = read_preset(name)
    optional = {c for source in preset.sources.values() for c in source.optional}
    known = {*preset.sources, *optional, "exported_at"}
    for table in preset.tables:
        assert table.table in TABLES_BY_NAME
        places = re.findall(r'\{(?:\w+\.)?(\w+)\}|\{"([^"{}]+)"\}', table.query)
        assert {bare or quoted for bare, quoted in places} <= known
        assert set(table.uses) <= optional
        assert "'''" not in table.query  # which ends a text of TOML
    assert set(preset.missing) <= set(TABLES_BY_NAME)


def test_a_system_without_a_preset_is_refused_with_those_that_have_one() -> None:
    with pytest.raises(InputError, match=r"one of ga4, klaviyo.*got 'shopware'"):
        read_preset("shopware")
