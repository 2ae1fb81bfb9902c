"""The commands that write a shop to try: demo and simulate."""

from pathlib import Path
from typing import Any

import pytest

from tests.nextbuy.command_line import RunCommand


def test_simulate_writes_a_shop_that_check_accepts(run: RunCommand, tmp_path: Path) -> None:
    assert run("simulate", str(tmp_path / "shop"), "--customers", "100")[0] == 0
    assert run("check", "--shop", str(tmp_path / "shop" / "nextbuy.toml"))[0] == 0


def test_simulate_writes_the_shop_of_the_seed_and_the_profile(
    run: RunCommand, tmp_path: Path
) -> None:
    written = []
    for number, options in enumerate([("--seed", "1"), ("--seed", "1"), ("--seed", "2")]):
        folder = tmp_path / str(number)
        assert run("simulate", str(folder), "--customers", "100", *options)[0] == 0
        written.append((folder / "orders.parquet").read_bytes())
    assert written[0] == written[1] != written[2]
    sparse = tmp_path / "sparse"
    assert run("simulate", str(sparse), "--customers", "100", "--profile", "sparse")[0] == 0
    assert (
        "A simulated sparse shop: 100 customers, seed 7." in (sparse / "nextbuy.toml").read_text()
    )


@pytest.mark.parametrize(
    "options", [("--customers", "99"), ("--seed", "-1"), ("--profile", "luxury")]
)
def test_simulate_refuses_a_shop_that_cannot_be_drawn(
    run: RunCommand, tmp_path: Path, options: tuple[str, str]
) -> None:
    code, _, error = run("simulate", str(tmp_path / "shop"), *options)
    assert code == 2
    assert options[0] in error
    assert not (tmp_path / "shop").exists()


def test_the_demo_runs_on_both_shops_or_on_the_one_given(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[tuple[Any, ...]] = []
    monkeypatch.setattr("nextbuy.demo.demo.run_demo", lambda _, *rest: calls.append(rest))
    assert run("demo")[0] == 0
    assert run("demo", "--shop", "cdnow", "--folder", str(tmp_path), "--keep-serving")[0] == 0
    assert calls == [
        (Path("demo"), ["cdnow", "simulated"], False),
        (tmp_path, ["cdnow"], True),
    ]
