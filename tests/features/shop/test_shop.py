from datetime import time
from pathlib import Path

import pytest

from features.errors import InputError
from features.shop.contact_rules import Cap, QuietHours
from features.shop.shop import read_shop

ORDERS = '[tables.orders]\npath = "orders.csv"\n'


def _read(folder: Path, text: str) -> None:
    (folder / "nextbuy.toml").write_text(text)
    read_shop(folder / "nextbuy.toml")


def test_the_smallest_file_has_the_defaults(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(ORDERS)
    shop = read_shop(tmp_path / "nextbuy.toml")
    assert (shop.section.timezone, shop.section.horizon_days, shop.minor_digits) == ("UTC", 90, 2)
    assert shop.workspace == tmp_path / ".nextbuy"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tables.orders\n", "settings as in docs/reference/nextbuy-toml.md"),
        ("[shop]\nname = 3\n" + ORDERS, r"Expected `str`, got `int` - at `\$.shop.name`"),
        ("[shop]\ncolour = 'red'\n" + ORDERS, "unknown field `colour`"),
        ("[shop]\ntimezone = 'Mars'\n" + ORDERS, "shop.timezone: expected an IANA zone"),
        ("[shop]\nhorizon_days = 3\n" + ORDERS, "shop.horizon_days: expected 7 to 365 days, got 3"),
        ("[channels]\nwindow_days = 0\n" + ORDERS, "channels.window_days"),
        ("[shop]\ncurrency = 'eur'\n" + ORDERS, "shop.currency: expected an ISO 4217 code"),
        ("[shop]\ntimezone = 'localtime'\n" + ORDERS, "shop.timezone: expected an IANA zone"),
        (
            "[channels]\nassume_consent = ['sms']\n"
            + ORDERS
            + "[tables.consents]\npath = 'c.csv'\n",
            "channels.assume_consent: expected nothing where the shop gives consents",
        ),
        (
            "[channels]\nmax_in_7_days = {sms = 0}\n" + ORDERS,
            "_7_days.sms: expected 1 message",
        ),
        ("[channels]\nmax_in_28_days = {all = -1}\n" + ORDERS, "max_in_28_days.all: .* got -1"),
        (
            "[channels]\nmax_in_7_days = {None = 1}\n" + ORDERS,
            "a channel, or all, got 'None'",
        ),
        ("[channels]\nmax_in_7_days = 3\n" + ORDERS, "Expected `object`, got `int`"),
        ("[channels]\nmax_per_week = {sms = 1}\n" + ORDERS, "unknown field `max_per_week`"),
        *(
            (
                f"[channels]\nquiet_hours = {{sms = {times}}}\n" + ORDERS,
                "quiet_hours.sms: expected two",
            )
            for times in ("['21:00']", "['21:00', '25:00']", "['9pm', '8am']", "['21:00', '21:00']")
        ),
        ("[channels]\nquiet_hours = {all = ['21:00', '08:00']}\n" + ORDERS, "a channel, got 'all'"),
        ("[channels]\nmargin = 35\n" + ORDERS, "channels.margin: expected a share .* got 35"),
        ("[channels]\nmargin = 0.0\n" + ORDERS, "channels.margin: .* above 0"),
        ("[channels]\ncost = {sms = -0.1}\n" + ORDERS, "channels.cost.sms: .* got -0.1"),
        ("[channels]\ncost = {none = 0.1}\n" + ORDERS, "channels.cost.none: expected a channel"),
        ("[channels]\nfatigue = nan\n" + ORDERS, "channels.fatigue: expected an amount"),
        ("[tables.consents]\npath = 'c.csv'\n", "tables.orders: expected the shop's orders"),
        (ORDERS + "[tables.orderz]\npath = 'c.csv'\n", "tables.orderz: expected one of orders,"),
        (ORDERS + "columns = {client = 'x'}\n", "tables.orders.columns.client"),
        ("[customers]\nstatic = ['known_at']\n" + ORDERS, "customers.static: expected columns"),
        ("[customers]\nstatic = ['shoe']\n" + ORDERS, "customers.static: .* got 'shoe'"),
        ("[decisions]\nexplore = 1.5\n" + ORDERS, "decisions.explore: expected a share of 0 to 1"),
        ("[decisions]\ncontrol = -0.1\n" + ORDERS, "decisions.control: .* got -0.1"),
        ("[decisions]\nfloor = nan\n" + ORDERS, "decisions.floor: .* 0 to 0.1, got nan"),
        ("[decisions]\nexplore = 0.9\ncontrol = 0.2\n" + ORDERS, "control of 1 together, got 1.1"),
        ("[decisions]\nmethod = 'greedy'\n" + ORDERS, "Invalid enum value 'greedy'"),
        ("[contact_points]\nview = -1\n" + ORDERS, "contact_points.view: expected points of 0"),
        ("[contact_points]\nview = 1.5\n" + ORDERS, "Expected `int`, got `float`"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        _read(tmp_path, text)


def test_caps_and_quiet_hours_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(
        "[shop]\ntimezone = 'Europe/Warsaw'\n[channels]\nmax_in_7_days = {Email = 3, All = 4}\n"
        "max_in_28_days = {sms = 2}\nquiet_hours = {SMS = ['21:00', '08:00']}\n" + ORDERS
    )
    rules = read_shop(tmp_path / "nextbuy.toml").rules
    assert rules.timezone.key == "Europe/Warsaw"
    assert rules.caps == [Cap(3, 7, "email"), Cap(4, 7, None), Cap(2, 28, "sms")]
    assert rules.quiet_hours == {"sms": QuietHours(time(21), time(8))}


def test_points_attributes_and_words_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / "nextbuy.toml").write_text(
        "[customers]\nstatic = ['country', 'attr_club']\n[contact_points]\nView = 2\nunbox = 5\n"
        "[sensitive]\nwords = ['tarot']\nallow = ['baby blue']\n" + ORDERS
    )
    shop = read_shop(tmp_path / "nextbuy.toml")
    assert shop.static == ["country", "attr_club"]
    assert (shop.sensitive.words, shop.sensitive.allow) == (["tarot"], ["baby blue"])
    points = shop.contact_points
    assert (points["view"], points["unbox"], points["purchase"]) == (2, 5, 10)


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"expected a nextbuy\.toml, got no such file"):
        read_shop(tmp_path / "nextbuy.toml")
