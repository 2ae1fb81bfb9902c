"""The form of nextbuy.toml: sections, types and defaults, before any value is checked."""

import msgspec
import pytest

from features.shop.settings_file import ChannelSection, ShopFile


def _decode(text: str) -> ShopFile:
    return msgspec.toml.decode(text, type=ShopFile)


def test_only_the_tables_are_required() -> None:
    file = _decode("[tables.orders]\npath = 'orders.csv'\n")
    assert file.tables["orders"].path == "orders.csv"
    assert file == ShopFile(tables=file.tables)
    with pytest.raises(msgspec.ValidationError, match="missing required field `tables`"):
        _decode("[shop]\nname = 'x'\n")


@pytest.mark.parametrize(
    "section", ["shop", "channels", "customers", "sensitive", "store", "journal", "decisions"]
)
def test_a_setting_that_a_section_does_not_have_is_refused(section: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=rf"unknown field `colour` .*\.{section}"):
        _decode(f"[tables]\n[{section}]\ncolour = 'red'\n")


def test_caps_are_listed_by_days_and_channel() -> None:
    section = ChannelSection(max_in_7_days={"sms": 1}, max_in_28_days={"all": 9})
    assert section.caps == {7: {"sms": 1}, 28: {"all": 9}}
