"""Settings that are out of range, or of tables and columns that do not exist."""

from pathlib import Path

import pytest

from features.errors import InputError
from features.shop.shop import read_shop

ORDERS = '[tables.orders]\npath = "orders.csv"\n'
CUSTOMERS = '[tables.customers]\npath = "customers.csv"\n'


def _read(folder: Path, text: str) -> None:
    (folder / "nextbuy.toml").write_text(text)
    read_shop(folder / "nextbuy.toml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[tables.orders\n", "settings as in docs/reference/nextbuy-toml.md"),
        ("[shop]\nname = 3\n" + ORDERS, r"Expected `str`, got `int` - at `\$.shop.name`"),
        ("[shop]\ncolour = 'red'\n" + ORDERS, "unknown field `colour`"),
        ("[shop]\ntimezone = 'Mars'\n" + ORDERS, "shop.timezone: expected an IANA zone"),
        ("[shop]\nhorizon_days = 3\n" + ORDERS, "shop.horizon_days: expected 7 to 365 days, got 3"),
        ("[shop]\nreuse_hours = -1\n" + ORDERS, "reuse_hours: expected 0 to 720 hours, got -1"),
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
        *(
            (
                f"[channels]\ncluster_by = '{name}'\n" + ORDERS + CUSTOMERS,
                f"channels.cluster_by: expected {says}, got '{name}'",
            )
            for name, says in (
                ("household", "a text column of customers"),
                ("birth_year", "a text column of customers"),
                ("customer_id", "a text column of customers"),
                ("source", "a text column of customers"),
                ("attr_Religion", "an attribute that is not sensitive"),
            )
        ),
        (
            "[channels]\ncluster_by = 'attr_household'\n" + ORDERS,
            "channels.cluster_by: expected a shop that gives the table customers",
        ),
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
