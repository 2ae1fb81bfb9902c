"""The export of each system goes from its file to an answer, with nothing edited in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import to_datetime
from tests.nextbuy.command_line import RunCommand
from tests.nextbuy.init.made_up_exports import EXPORTS, copy_files, open_database

ALONE = sorted(path.name for path in EXPORTS.iterdir() if path.name != "mautic")


@contextmanager
def _given(system: str, folder: Path) -> Iterator[list[str]]:
    """Give the arguments of `nextbuy init` for the export of a system."""
    if (EXPORTS / system / "database.sql").is_file():
        with open_database(system) as urls:
            yield [*urls, "--from", system]
    else:
        yield [*copy_files(system, folder), "--from", system]


@pytest.mark.slow
@pytest.mark.parametrize("system", ALONE)
def test_an_export_is_served(run: RunCommand, tmp_path: Path, system: str) -> None:
    config = tmp_path / "nextbuy.toml"
    shop = ["--shop", str(config)]
    with _given(system, tmp_path) as given:
        assert run("init", *given, *shop)[0] == 0
        written = config.read_text()
        for command in (["train", "--trials", "0"], ["promote"], ["features", "--online"]):
            code, _, error = run(*command, *shop)
            assert code == 0, error
        log = read_log(read_shop(config))
        customer = log.fetch("SELECT min(customer_id) FROM orders")[0][0]
        as_of = to_datetime(log.observed_until).isoformat()
        log.close()
        code, output, error = run("predict", customer.upper(), "--as-of", as_of, *shop)
        if system in ("ga4", "olist", "segment", "snowplow"):  # whose ids are no addresses
            code, output, error = run("predict", customer, "--as-of", as_of, *shop)
        assert code == 0, error
        assert '"status": "low_data"' in output  # a dozen orders, and an answer that says so
        assert config.read_text() == written
