"""The command line as its users meet it: help, the whole path on a small shop, and errors."""

import json
import re
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from nextbuy.simulator.simulator import simulate_shop
from tests.nextbuy.command_line import RunCommand, write_tiny_shop

COMMANDS = (
    *("demo", "check", "features", "train", "backtest", "promote", "report", "policy"),
    *("serve", "predict", "explain", "decide", "simulate"),
)


def test_help_names_every_command_and_each_explains_itself(run: RunCommand) -> None:
    code, output, _ = run("--help")
    assert code == 0
    for command in COMMANDS:
        assert command in output
        code, help_text, _ = run(command, "--help")
        assert code == 0
        assert len(help_text.splitlines()) > 5


def test_version_prints_the_version_of_the_installed_package(run: RunCommand) -> None:
    assert run("--version") == (0, f"nextbuy {version('nextbuy')}\n", "")


def test_the_whole_path_from_the_shell(run: RunCommand, small: Path) -> None:
    shop = ("--shop", str(small))
    code, output, _ = run("check", *shop)
    assert code == 0
    assert "every table keeps the contract" in output
    code, output, _ = run("features", *shop, "--cutoff", "2025-10-01")
    written = output.split("written to ")[1].replace("\n", "").strip()
    frame = pd.read_parquet(written)
    assert frame["cutoff"].astype(str).unique().tolist() == ["2025-10-01 21:59:59.999999+00:00"]
    assert frame["customer_id"].is_unique
    code, output, _ = run("train", *shop, "--trials", "1")
    assert code == 0
    assert "churn: version 1 is the challenger" in output
    assert "judged on what they did after 2025-10-01" in output.replace("\n", " ")
    assert f"nextbuy report --shop {small} --version 1" in output
    code, output, _ = run("promote", *shop)
    assert "best-channel: version 1 is the champion" in output
    page = small.parent / "page.html"
    code, output, _ = run("report", *shop, "--output", str(page))
    assert code == 0
    assert "<h2>In short</h2>" in page.read_text()
    code, output, _ = run("features", *shop, "--online", "--cutoff", "2025-10-01")
    assert code == 0
    customer = frame["customer_id"][0]
    code, output, _ = run("predict", customer, "nobody", *shop, "--as-of", "2025-10-01")
    answers = json.loads(output)["answers"]
    assert [a["customer_id"] for a in answers] == [customer, "nobody"]
    assert answers[1]["status"] == "unknown_customer"
    instant = ("--as-of", "2025-10-01")
    customer_ids = [*frame["customer_id"][:10], "nobody"]
    explained = _check_explain(run, shop, customer_ids, instant)
    _check_decide(run, small, [*customer_ids, explained], instant)


def _check_explain(
    run: RunCommand, shop: tuple[str, str], customer_ids: list[str], instant: tuple[str, str]
) -> str:
    """Ask for the reasons of some customers and an unknown one; returns one who has them."""
    explanations = json.loads(run("explain", *customer_ids, *shop, *instant, "--json")[1])[
        "explanations"
    ]
    assert [e["customer_id"] for e in explanations] == customer_ids
    assert explanations[-1]["churn"] is None
    explained = next(e for e in explanations if e["churn"])
    assert explained["churn"]["reasons"][0].keys() == {
        *("family", "effect", "direction", "feature", "value", "unit", "sentence")
    }
    code, output, _ = run("explain", explained["customer_id"], "nobody", *shop, *instant)
    assert code == 0
    assert f"p_churn {explained['churn']['p_churn']:.2f}: no purchase within 90 days" in output
    assert re.search(r"purchase history\s+[↑↓] [+-]\d+\.\d\d", output)
    assert output.count("not eligible") == len(explained["channel"]["excluded"])
    assert "nobody is unknown_customer" in output
    return str(explained["customer_id"])


def _check_decide(
    run: RunCommand, small: Path, customer_ids: list[str], instant: tuple[str, str]
) -> None:
    """Decide for an audience whose last but one customer is unknown."""
    shop = ("--shop", str(small))
    audience, out = small.parent / "audience.csv", small.parent / "decisions.csv"
    audience.write_text("\n".join(["customer_id", *customer_ids]))
    files = ("--audience", str(audience), "--out", str(out))
    code, output, _ = run("decide", "--campaign", "autumn", *files, *shop, *instant)
    assert code == 0
    assert "nothing is known of this customer" in " ".join(output.split())
    decided = pd.read_csv(out, keep_default_na=False)
    assert decided["customer_id"].tolist() == customer_ids
    assert set(decided["key"]) == {"autumn"}
    assert (decided["status"] == "ok").sum() > 5
    code, output, _ = run("decide", "--campaign", "later", *files, *shop)
    assert code == 1
    assert "the history store ends" in " ".join(output.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["features", "--shop", "SHOP", "--online", "--cutoff", "1990-01-01"], "within the data"),
        (["simulate", "/dev/null/shop"], "Not a directory"),
        (["check", "--shop", "nowhere.toml"], "nowhere.toml: expected a nextbuy.toml"),
        (["serve", "--shop", "SHOP"], "expected a history store"),
        (["predict", "x", "--shop", "SHOP"], "expected a history store"),
        (
            ["decide", "--campaign", "a", "--audience", "no.csv", "--out", "o.csv"],
            "--audience: expected a file, got none at no.csv",
        ),
        (["explain", "x", "--shop", "SHOP"], "expected a history store"),
        (["promote", "--shop", "SHOP"], "no challenger"),
        (["train", "--shop", "SHOP", "--cutoff", "2999-01-01"], "an instant within the data"),
        (["train", "--shop", "SHOP", "--cutoff", "soon"], "cutoff: expected a date"),
        (["train", "--shop", "SHOP", "--cutoff", "2024-02-01"], "days after the first order"),
        (["features", "--shop", "SHOP", "--cutoff", "2999-01-01"], "an instant within the data"),
        (["backtest", "--shop", "SHOP", "--origins", "2999-01-01"], "origin 2999-01-01: expected"),
        (["backtest", "--shop", "SHOP", "--origins", "soon"], "origins: expected a date"),
        (["backtest", "--shop", "SHOP", "--origins-count", "30"], "got too little history"),
        (["policy", "--shop", "SHOP", "--output", "none/p.html"], "a folder that exists"),
    ],
)
def test_an_error_is_a_sentence_and_not_a_traceback(
    run: RunCommand, tmp_path: Path, arguments: list[str], message: str
) -> None:
    config = simulate_shop(tmp_path / "shop", 100)
    code, out, error = run(*[str(config) if a == "SHOP" else a for a in arguments])
    assert code == 1
    assert error.startswith("error ")
    assert message in error
    assert "Traceback" not in out + error


def test_addresses_of_mlflow_in_the_environment_are_named_and_not_followed(
    run: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", "http://127.0.0.1:9")
    _, _, error = run("check", "--shop", str(tmp_path))
    assert error.startswith("warning MLFLOW_REGISTRY_URI in the environment: not followed")


def test_a_folder_is_no_shop(run: RunCommand, tmp_path: Path) -> None:
    code, _, error = run("train", "--shop", str(tmp_path))
    assert code == 1
    assert f"{tmp_path}: expected a nextbuy.toml, got a folder" in error


def test_orders_of_one_instant_are_too_few(run: RunCommand, tmp_path: Path) -> None:
    config = write_tiny_shop(tmp_path, "2024-01-05 10:00:00", "2024-01-05 10:00:00")
    for command in (["features"], ["features", "list"], ["features", "--online"], ["train"]):
        code, _, error = run(*command, "--shop", str(config))
        assert code == 1
        assert "orders.ordered_at: expected orders over some time, got all at 2024-01-05" in error


def test_an_error_shows_brackets_and_odd_values_as_they_are(
    run: RunCommand, tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at\na,b,[/red]\n")
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    code, _, error = run("features", "--shop", str(tmp_path / "nextbuy.toml"))
    assert code == 1
    assert "Name the shop's column in [tables.orders] columns." in error.replace("\n", "")
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\na,b,[/red],1\n")
    code, _, error = run("features", "--shop", str(tmp_path / "nextbuy.toml"))
    assert "row 1: '[/red]'" in error
    code, output, error = run("check", "--shop", str(tmp_path / "nextbuy.toml"))
    assert (code, error) == (1, "")
    assert "row 1: '[/red]'" in output


@pytest.mark.parametrize("arguments", [["train", "--model", "luck"], ["train", "--trials", "-1"]])
def test_a_wrong_option_is_named(run: RunCommand, arguments: list[str]) -> None:
    code, _, error = run(*arguments)
    assert code == 2
    assert arguments[1] in error
