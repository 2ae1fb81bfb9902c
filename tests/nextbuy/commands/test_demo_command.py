"""The commands that write a shop to try: demo and simulate."""

from pathlib import Path

from tests.nextbuy.command_line import RunCommand


def test_simulate_writes_a_shop_that_check_accepts(run: RunCommand, tmp_path: Path) -> None:
    assert run("simulate", str(tmp_path / "shop"), "--customers", "100")[0] == 0
    assert run("check", "--shop", str(tmp_path / "shop" / "nextbuy.toml"))[0] == 0
