"""The lines that findings propose, added to a nextbuy.toml."""

from pathlib import Path

from features.log.log import read_valid_tables
from features.shop.shop import parse_shop, read_shop
from nextbuy.init.suggested_shop import suggest_shop
from nextbuy.show.readiness_tables import make_report, report_on

SHOP = """\
# our shop
[shop]
name = "löwe" # as on the sign

[tables.orders]
path = "orders.csv" # of the till
columns = {order_id = "no"}

[tables.orders.leave_out]
tests = "amount = '0,01'"

[tables.events]
path = "events.csv"
"""
ORDERS = """\
no;customer_id;ordered_at;amount
1;a;13.01.2025 10:00;1.000,50
2;b;14.02.2025 10:00;20,00
3;;15.03.2025 10:00;5,00
4;B;15.03.2025 10:00;0,01
5;b;16.03.2025 10:00;-5,00
6;B;17.03.2025 10:00;5,00
7;a;18.03.2025 10:00;0,00
"""
EVENTS = "customer_id,occurred_at,event_type\na,02/01/2025,view\nb,03/04/2025,view\n"


def _write(folder: Path) -> Path:
    (folder / "orders.csv").write_text(ORDERS)
    (folder / "events.csv").write_text(EVENTS)
    (folder / "nextbuy.toml").write_text(SHOP)
    return folder / "nextbuy.toml"


def _suggest(path: Path) -> str:
    report = report_on(read_shop(path))
    return suggest_shop(path.read_text(), report.findings, report.suggestions)


def test_lines_are_added_until_nothing_but_choices_is_left(tmp_path: Path) -> None:
    path = _write(tmp_path)
    text = _suggest(path)
    assert text.startswith('# our shop\n[shop]\nname = "löwe" # as on the sign\n')
    assert 'path = "orders.csv" # of the till' in text
    orders = parse_shop(text, path).tables["orders"]
    assert orders.formats["ordered_at"].instant == "%d.%m.%Y %H:%M"
    assert (orders.formats["amount"].decimal, orders.formats["amount"].thousands) == (",", ".")
    assert list(orders.leave_out) == ["tests", "no customer_id"]
    # which day 02/01 is has to be said by somebody who knows
    assert "events" in text
    assert '#   [tables.events] formats.occurred_at = {instant = "%d/%m/%Y"}\n' in text
    choice = 'path = "events.csv"\nformats.occurred_at = {instant = "%d/%m/%Y"}'
    path.write_text(text.replace('path = "events.csv"', choice))
    path.write_text(_suggest(path))  # negative amounts can be read, and be refused, since then
    assert "amount below 0" in parse_shop(path.read_text(), path).tables["orders"].leave_out
    log, faults = read_valid_tables(read_shop(path))
    assert faults == []
    report = make_report(log)
    log.close()
    assert "ids that differ only in case" in " ".join(f.what for f in report.findings)
    settled = suggest_shop(path.read_text(), report.findings, report.suggestions)
    assert parse_shop(settled, path).fold == "case"
    line = "leave_out.nothing = \"NOT regexp_matches(amount::VARCHAR, '[1-9]')\""
    assert f"#   [tables.orders] {line}\n" in settled


def test_a_line_with_an_id_of_any_signs_can_be_added(tmp_path: Path) -> None:
    ids = [f"c{number}" for number in range(600)] + ["\"o'brien\\"] * 600
    rows = [f"{n},{_quoted(i)},2025-01-{n % 28 + 1:02},1" for n, i in enumerate(ids)]
    text = "\n".join(["order_id,customer_id,ordered_at,amount", *rows])
    (tmp_path / "orders.csv").write_text(text)
    path = tmp_path / "nextbuy.toml"
    path.write_text('[tables.orders]\npath = "orders.csv"\n')
    path.write_text(_suggest(path))
    log, faults = read_valid_tables(read_shop(path))
    assert (faults, log.left_out["orders"]) == ([], {"tills": 600})
    log.close()


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def test_settings_that_are_right_stay_as_they_are(tmp_path: Path) -> None:
    path = _write(tmp_path)
    assert suggest_shop(path.read_text(), [], None) == SHOP
