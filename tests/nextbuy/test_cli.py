"""The command line as its users meet it: help, the whole path on a small shop, and errors."""

import json
import re
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pandas as pd
import pytest

from nextbuy import cli
from nextbuy.simulator.simulator import simulate_shop

COMMANDS = (
    *("demo", "check", "features", "train", "backtest", "promote", "report", "policy"),
    *("serve", "predict", "explain", "decide", "simulate"),
)


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., tuple]:
    """Run `nextbuy ...` in this process; gives exit code, what it said, and its errors."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["nextbuy", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("small"), 400)


def test_help_names_every_command_and_each_explains_itself(run: Callable[..., tuple]) -> None:
    code, says, _ = run("--help")
    assert code == 0
    for command in COMMANDS:
        assert command in says
        code, help_text, _ = run(command, "--help")
        assert code == 0
        assert len(help_text.splitlines()) > 5


def test_version_prints_the_version_of_the_installed_package(run: Callable[..., tuple]) -> None:
    assert run("--version") == (0, f"nextbuy {version('nextbuy')}\n", "")


def test_the_whole_path_from_the_shell(run: Callable[..., tuple], small: Path) -> None:
    shop = ("--shop", str(small))
    code, says, _ = run("check", *shop)
    assert code == 0
    assert "every table keeps the contract" in says
    code, says, _ = run("features", *shop, "--cutoff", "2025-10-01")
    written = says.split("written to ")[1].replace("\n", "").strip()
    frame = pd.read_parquet(written)
    assert frame["cutoff"].astype(str).unique().tolist() == ["2025-10-01 21:59:59.999999+00:00"]
    assert frame["customer_id"].is_unique
    code, says, _ = run("train", *shop, "--trials", "1")
    assert code == 0
    assert "churn: version 1 is the challenger" in says
    assert "judged on what they did after 2025-10-01" in says.replace("\n", " ")
    assert f"nextbuy report --shop {small} --version 1" in says
    code, says, _ = run("promote", *shop)
    assert "best-channel: version 1 is the champion" in says
    page = small.parent / "page.html"
    code, says, _ = run("report", *shop, "--output", str(page))
    assert code == 0
    assert "<h2>In short</h2>" in page.read_text()
    code, says, _ = run("features", *shop, "--online", "--cutoff", "2025-10-01")
    assert code == 0
    customer = frame["customer_id"][0]
    code, says, _ = run("predict", customer, "nobody", *shop, "--as-of", "2025-10-01")
    answers = json.loads(says)["answers"]
    assert [a["customer_id"] for a in answers] == [customer, "nobody"]
    assert answers[1]["status"] == "unknown_customer"
    instant = ("--as-of", "2025-10-01")
    asked = [*frame["customer_id"][:10], "nobody"]
    told = _check_explain(run, shop, asked, instant)
    _check_decide(run, small, [*asked, told], instant)


def _check_explain(
    run: Callable[..., tuple], shop: tuple[str, str], asked: list[str], instant: tuple[str, str]
) -> str:
    """Ask for the reasons of some customers and nobody; give one who has them."""
    explanations = json.loads(run("explain", *asked, *shop, *instant, "--json")[1])["explanations"]
    assert [e["customer_id"] for e in explanations] == asked
    assert explanations[-1]["churn"] is None
    told = next(e for e in explanations if e["churn"])
    assert told["churn"]["reasons"][0].keys() == {
        *("family", "effect", "direction", "feature", "value", "unit", "sentence")
    }
    code, says, _ = run("explain", told["customer_id"], "nobody", *shop, *instant)
    assert code == 0
    assert f"p_churn {told['churn']['p_churn']:.2f}: no purchase within 90 days" in says
    assert re.search(r"purchase history\s+[↑↓] [+-]\d+\.\d\d", says)
    assert says.count("not eligible") == len(told["channel"]["excluded"])
    assert "nobody is unknown_customer" in says
    return str(told["customer_id"])


def _check_decide(
    run: Callable[..., tuple], small: Path, asked: list[str], instant: tuple[str, str]
) -> None:
    """Decide of an audience whose last but one is nobody."""
    shop = ("--shop", str(small))
    audience, out = small.parent / "audience.csv", small.parent / "decisions.csv"
    audience.write_text("\n".join(["customer_id", *asked]))
    files = ("--audience", str(audience), "--out", str(out))
    code, says, _ = run("decide", "--campaign", "autumn", *files, *shop, *instant)
    assert code == 0
    assert "nothing is known of this customer" in " ".join(says.split())
    decided = pd.read_csv(out, keep_default_na=False)
    assert decided["customer_id"].tolist() == asked
    assert set(decided["key"]) == {"autumn"}
    assert (decided["status"] == "ok").sum() > 5
    code, says, _ = run("decide", "--campaign", "later", *files, *shop)
    assert code == 1
    assert "the history store ends" in " ".join(says.split())


def test_simulate_writes_a_shop_that_check_accepts(
    run: Callable[..., tuple], tmp_path: Path
) -> None:
    assert run("simulate", str(tmp_path / "shop"), "--customers", "100")[0] == 0
    assert run("check", "--shop", str(tmp_path / "shop" / "nextbuy.toml"))[0] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
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
    run: Callable[..., tuple], tmp_path: Path, arguments: list[str], says: str
) -> None:
    config = simulate_shop(tmp_path / "shop", 100)
    code, out, error = run(*[str(config) if a == "SHOP" else a for a in arguments])
    assert code == 1
    assert error.startswith("error ")
    assert says in error
    assert "Traceback" not in out + error


def _tiny(folder: Path, *instants: str) -> Path:
    lines = [f"{place},c,{instant},1" for place, instant in enumerate(instants)]
    text = "\n".join(["order_id,customer_id,ordered_at,amount", *lines, ""])
    (folder / "orders.csv").write_text(text)
    (folder / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    return folder / "nextbuy.toml"


def test_a_folder_is_no_shop(run: Callable[..., tuple], tmp_path: Path) -> None:
    code, _, error = run("train", "--shop", str(tmp_path))
    assert code == 1
    assert f"{tmp_path}: expected a nextbuy.toml, got a folder" in error


def test_orders_of_one_instant_are_too_few(run: Callable[..., tuple], tmp_path: Path) -> None:
    config = _tiny(tmp_path, "2024-01-05 10:00:00", "2024-01-05 10:00:00")
    for command in (["features"], ["features", "list"], ["features", "--online"], ["train"]):
        code, _, error = run(*command, "--shop", str(config))
        assert code == 1
        assert "orders.ordered_at: expected orders over some time, got all at 2024-01-05" in error


def test_a_journal_that_is_damaged_is_an_error_and_nothing_is_built_without_it(
    run: Callable[..., tuple], tmp_path: Path
) -> None:
    config = _tiny(tmp_path, "2024-01-05", "2024-01-06")
    (tmp_path / ".nextbuy").mkdir()
    (tmp_path / ".nextbuy" / "journal.sqlite").write_text("no database at all")
    code, _, error = run("features", "--online", "--shop", str(config))
    assert code == 1
    assert error.startswith("error journal: expected all that was posted, got ")
    assert "Nothing of this request" not in error
    assert not (tmp_path / ".nextbuy" / "history.sqlite").exists()
    code, says, error = run("check", "--json", "--shop", str(config))
    report = json.loads(says)
    assert (code, error, report["errors"]) == (1, "", 1)
    assert report["findings"][0]["where"] == "journal"
    assert [table["table"] for table in report["tables"]] == ["orders"]


@pytest.mark.parametrize(
    ("content", "column", "says"),
    [
        (b"\xff\xfe1\n", None, "ids: expected text in UTF-8"),
        (b"PAR1\x00\xec\x15", "id", "ids: expected text in UTF-8"),
        (b"", "id", "--column: expected a column 'id', got an empty file"),
        (b"a,b\n1,2\n", "id", "--column: expected a column 'id', got columns a, b"),
    ],
)
def test_ids_that_cannot_be_read_are_one_error_and_nothing_is_written(
    run: Callable[..., tuple],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    column: str | None,
    says: str,
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    (tmp_path / "ids").write_bytes(b"id-1\n" * (column is None) + content)
    options = [] if column is None else ["--column", column]
    code, out, error = run("pseudonym", str(tmp_path / "ids"), *options)
    assert (code, out) == (1, "")
    assert says in error


def test_an_error_shows_brackets_and_odd_values_as_they_are(
    run: Callable[..., tuple], tmp_path: Path
) -> None:
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at\na,b,[/red]\n")
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    code, _, error = run("features", "--shop", str(tmp_path / "nextbuy.toml"))
    assert code == 1
    assert "Name the shop's column in [tables.orders] columns." in error.replace("\n", "")
    (tmp_path / "orders.csv").write_text("order_id,customer_id,ordered_at,amount\na,b,[/red],1\n")
    code, _, error = run("features", "--shop", str(tmp_path / "nextbuy.toml"))
    assert "row 1: '[/red]'" in error
    code, says, error = run("check", "--shop", str(tmp_path / "nextbuy.toml"))
    assert (code, error) == (1, "")
    assert "row 1: '[/red]'" in says


def test_check_says_the_same_as_json(run: Callable[..., tuple], small: Path) -> None:
    code, says, error = run("check", "--json", "--shop", str(small))
    assert (code, error) == (0, "")
    report = json.loads(says)
    assert list(report) == [
        *("shop", "errors", "warnings", "advice"),
        *("tables", "findings", "support", "suggestions", "kept_out"),
    ]
    assert report["tables"][0]["table"] == "orders"
    assert report["support"][0]["prediction"] == "churn"
    assert report["suggestions"]["horizon_days_now"] == 90


def test_check_gives_errors_as_json_too(run: Callable[..., tuple], tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,amount\na,b,2024-01-01,1\na,b,2024-01-01,-2\n"
    )
    (tmp_path / "nextbuy.toml").write_text('[tables.orders]\npath = "orders.csv"\n')
    code, says, error = run("check", "--json", "--shop", str(tmp_path / "nextbuy.toml"))
    assert (code, error) == (1, "")
    report = json.loads(says)
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
        },
        {
            "level": "error",
            "where": "orders.order_id",
            "what": "expected each once (one order a row)",
            "count": 1,
            "share": 0.5,
            "examples": ["a 2 times"],
            "remedy": "Export one row for each.",
        },
    ]


def _damage(config: Path, table: str, column: str) -> None:
    path = config.parent / f"{table}.parquet"
    frame = pd.read_parquet(path).astype({column: str})
    frame.loc[3, column] = "-7"
    frame.to_parquet(path)


@pytest.mark.parametrize("width", ["80", "120"])
def test_check_examines_the_tables_beside_one_with_an_error(
    run: Callable[..., tuple], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    config = simulate_shop(tmp_path, 200)
    _damage(config, "returns", "amount")
    code, says, error = run("check", "--json", "--shop", str(config))
    report = json.loads(says)
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
    code, says, _ = run("check", "--shop", str(config))
    assert code == 1
    lines = says.splitlines()
    assert max(map(len, lines)) <= int(width)
    (orders,) = [line.split() for line in lines if line.split()[:1] == ["orders"]]
    assert orders[2:4] == ["2024-01-02", "2025-12-30"]
    said = " ".join(says.split())
    assert "Not examined until the errors are put right: returns, what can be predicted." in said


def test_check_examines_what_is_there_without_the_orders(
    run: Callable[..., tuple], tmp_path: Path
) -> None:
    config = simulate_shop(tmp_path, 200)
    _damage(config, "orders", "amount")
    (tmp_path / "consents.parquet").write_bytes(b"no parquet")
    code, says, _ = run("check", "--json", "--shop", str(config))
    report = json.loads(says)
    assert code == 1
    errors = [f["where"] for f in report["findings"] if f["level"] == "error"]
    assert errors == ["orders.amount", "consents"]
    places = {f["where"] for f in report["findings"]}
    assert "events.event_type" in places
    assert not {"orders.currency", "events.customer_id", "messages.channel"} & places
    assert len(report["tables"]) == 7


@pytest.mark.parametrize("arguments", [["train", "--model", "luck"], ["train", "--trials", "-1"]])
def test_a_wrong_option_is_named(run: Callable[..., tuple], arguments: list[str]) -> None:
    code, _, error = run(*arguments)
    assert code == 2
    assert arguments[1] in error


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["cdnow", "simulated"])
def test_the_demo_runs_and_leaves_no_process(
    run: Callable[..., tuple], tmp_path: Path, shop: str
) -> None:
    import subprocess

    code, says, _ = run("demo", "--shop", shop, "--folder", str(tmp_path))
    assert code == 0
    assert "what they" in says
    assert (tmp_path / shop / ".nextbuy" / "mlflow.db").is_file()
    processes = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert str(tmp_path) not in processes
