"""The commands about a shop's log: check, features, pseudonym."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from nextbuy.simulator.simulator import simulate_shop
from tests.nextbuy.command_line import RunCommand, write_tiny_shop


def test_a_journal_that_is_damaged_is_an_error_and_nothing_is_built_without_it(
    run: RunCommand, tmp_path: Path
) -> None:
    config = write_tiny_shop(tmp_path, "2024-01-05", "2024-01-06")
    (tmp_path / ".nextbuy").mkdir()
    (tmp_path / ".nextbuy" / "journal.sqlite").write_text("no database at all")
    code, _, error = run("features", "--online", "--shop", str(config))
    assert code == 1
    assert error.startswith("error journal: expected all that was posted, got ")
    assert "Nothing of this request" not in error
    assert not (tmp_path / ".nextbuy" / "history.sqlite").exists()
    code, output, error = run("check", "--json", "--shop", str(config))
    report = json.loads(output)
    assert (code, error, report["errors"]) == (1, "", 1)
    assert report["findings"][0]["where"] == "journal"
    assert [table["table"] for table in report["tables"]] == ["orders"]


@pytest.mark.parametrize(
    ("content", "column", "message"),
    [
        (b"\xff\xfe1\n", None, "ids: expected text in UTF-8"),
        (b"PAR1\x00\xec\x15", "id", "ids: expected text in UTF-8"),
        (b"", "id", "--column: expected a column 'id', got an empty file"),
        (b"a,b\n1,2\n", "id", "--column: expected a column 'id', got columns a, b"),
    ],
)
def test_ids_that_cannot_be_read_are_one_error_and_nothing_is_written(
    run: RunCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    column: str | None,
    message: str,
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    (tmp_path / "ids").write_bytes(b"id-1\n" * (column is None) + content)
    options = [] if column is None else ["--column", column]
    code, out, error = run("pseudonym", str(tmp_path / "ids"), *options)
    assert (code, out) == (1, "")
    assert message in error


def test_check_says_the_same_as_json(run: RunCommand, small: Path) -> None:
    code, output, error = run("check", "--json", "--shop", str(small))
    assert (code, error) == (0, "")
    report = json.loads(output)
    assert list(report) == [
        *("shop", "errors", "warnings", "advice"),
        *("tables", "findings", "support", "suggestions", "kept_out"),
    ]
    assert report["tables"][0]["table"] == "orders"
    assert report["support"][0]["prediction"] == "churn"
    assert report["suggestions"]["horizon_days_now"] == 90


def test_check_gives_errors_as_json_too(run: RunCommand, tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount\na,b,2024-01-01,1\na,b,2024-01-01,-2\n"
    )
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    code, output, error = run("check", "--json", "--shop", str(tmp_path / "nextbuy.toml"))
    assert (code, error) == (1, "")
    report = json.loads(output)
    assert (report["errors"], report["tables"], report["suggestions"]) == (2, [], None)
    assert report["findings"] == [
        {
            "level": "error",
            "where": "orders.amount",
            "what": "expected 0 or more",
            "count": 1,
            "share": 0.5,
            "examples": ["row 2: '-2'"],
            "remedy": "Refunds belong in the table `returns`, as positive amounts.",
            "lines": [
                {
                    "section": "tables.orders",
                    "line": 'leave_out."amount below 0" = "trim(amount::VARCHAR) LIKE \'-%\'"',
                }
            ],
        },
        {
            "level": "error",
            "where": "orders.order_id",
            "what": "expected each once (one order a row)",
            "count": 1,
            "share": 0.5,
            "examples": ["a 2 times"],
            "remedy": "Export one row for each.",
            "lines": [],
        },
    ]


def test_what_is_kept_is_said_by_check_and_removed_by_clean(
    run: RunCommand, write_shop: Callable[..., Path], orders: Callable[..., pd.DataFrame]
) -> None:
    frame = orders(("a", "2024-01-01", 1), ("b", "2024-02-01", 2))
    config = str(write_shop({"orders": frame}))
    code, output, _ = run("check", "--shop", config)
    assert code == 0
    assert "kept for the next command: orders (" in " ".join(output.split())
    code, output, _ = run("clean", "--shop", config)
    assert (code, output.startswith("removed: orders (")) == (0, True)
    assert run("clean", "--shop", config)[:2] == (0, "removed: nothing\n")


def _damage(config: Path, table: str, column: str) -> None:
    path = config.parent / f"{table}.parquet"
    frame = pd.read_parquet(path).astype({column: str})
    frame.loc[3, column] = "-7"
    frame.to_parquet(path)


@pytest.mark.parametrize("width", ["80", "120"])
def test_check_examines_the_tables_beside_one_with_an_error(
    run: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    config = simulate_shop(tmp_path, 200)
    _damage(config, "returns", "amount")
    code, output, error = run("check", "--json", "--shop", str(config))
    report = json.loads(output)
    assert (code, error) == (1, "")
    assert "returns" not in [table["table"] for table in report["tables"]]
    assert len(report["tables"]) == 8
    levels = [finding["level"] for finding in report["findings"]]
    assert levels[0] == "error"
    assert [levels.count(level) for level in ("error", "warning", "advice")] == [
        *(report["errors"], report["warnings"], report["advice"])
    ]
    assert report["errors"] == 1
    assert "events.event_type" in [finding["where"] for finding in report["findings"]]
    assert (report["support"], report["suggestions"]) == ([], None)
    assert len(report["kept_out"]) == 3  # a category, a subcategory, an attribute
    monkeypatch.setenv("COLUMNS", width)
    code, output, _ = run("check", "--shop", str(config))
    assert code == 1
    lines = [line for line in output.splitlines() if "nextbuy check" not in line]
    assert max(map(len, lines)) <= int(width)
    # commands are not broken, so that they can be copied
    assert f"next: put the errors right, then nextbuy check --shop {config}" in output
    (orders,) = [line.split() for line in lines if line.split()[:1] == ["orders"]]
    assert orders[2:4] == ["2024-01-02", "2025-12-30"]
    text = " ".join(output.split())
    assert "Not examined until the errors are put right: returns, what can be predicted." in text


def test_check_examines_what_is_there_without_the_orders(run: RunCommand, tmp_path: Path) -> None:
    config = simulate_shop(tmp_path, 200)
    _damage(config, "orders", "amount")
    (tmp_path / "consents.parquet").write_bytes(b"no parquet")
    code, output, _ = run("check", "--json", "--shop", str(config))
    report = json.loads(output)
    assert code == 1
    errors = [f["where"] for f in report["findings"] if f["level"] == "error"]
    assert errors == ["orders.amount", "consents"]
    where = {f["where"] for f in report["findings"]}
    assert "events.event_type" in where
    assert not {"orders.currency", "events.customer_id", "messages.channel"} & where
    assert len(report["tables"]) == 7


def test_pseudonym_prints_one_pseudonym_for_each_id(
    run: RunCommand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    (tmp_path / "lines").write_text("id-1\n\nid-2\nid-1\n")
    (tmp_path / "table").write_text("name,id\nx,id-1\ny,id-2\nz,id-1\n")
    code, by_line, _ = run("pseudonym", str(tmp_path / "lines"))
    assert code == 0
    head, first, second, again = by_line.splitlines()
    assert head == "customer_id,pseudonym"
    assert first == again != second
    assert run("pseudonym", str(tmp_path / "table"), "--column", "id") == (0, by_line, "")


def test_features_list_of_a_shop_names_only_what_its_tables_support(
    run: RunCommand, tmp_path: Path
) -> None:
    config = write_tiny_shop(tmp_path, "2024-01-05", "2024-03-06")
    code, everything, _ = run("features", "list")
    assert code == 0
    code, of_orders, _ = run("features", "list", "--shop", str(config))
    assert code == 0
    counts = [int(re.search(r"(\d+) features", text)[1]) for text in (everything, of_orders)]
    assert 0 < counts[1] < counts[0]
    assert "frequency" in of_orders


def test_features_list_prints_markdown_of_all_features(run: RunCommand) -> None:
    code, output, _ = run("features", "list", "--markdown")
    assert code == 0
    assert len([line for line in output.splitlines() if line.startswith("|")]) > 100
