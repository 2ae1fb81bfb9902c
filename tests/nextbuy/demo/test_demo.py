"""The demo, from a log to served answers."""

import io
import sys
from pathlib import Path

import httpx
import pandas as pd
import pytest
from rich.console import Console

from features.errors import InputError
from features.log.log import read_log
from features.log.log_cutoffs import resolve_cutoff
from features.shop.shop import read_shop
from nextbuy.demo import demo
from nextbuy.demo.demo import choose_customers, what_they_did
from tests.nextbuy.command_line import RunCommand, write_tiny_shop


@pytest.mark.slow
@pytest.mark.parametrize("shop", ["cdnow", "simulated"])
def test_the_demo_runs_and_leaves_no_process(
    run: RunCommand, tmp_path: Path, shop: str
) -> None:
    import subprocess

    code, output, _ = run("demo", "--shop", shop, "--folder", str(tmp_path))
    assert code == 0
    assert "what they" in output
    assert (tmp_path / shop / ".nextbuy" / "mlflow.db").is_file()
    processes = subprocess.check_output(["ps", "-eo", "args"], text=True)
    assert str(tmp_path) not in processes


def test_only_the_service_of_the_last_shop_is_kept(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kept = {}
    monkeypatch.setattr(
        demo, "_run_shop", lambda _, name, folder, keep: kept.update({name: (folder, keep)})
    )
    write_tiny_shop(tmp_path / "simulated", "2024-01-05")
    console = Console(file=io.StringIO())
    demo.run_demo(console, tmp_path, ["cdnow", "simulated"], keep_serving=True)
    assert kept == {"cdnow": (tmp_path / "cdnow", False), "simulated": (tmp_path / "simulated", True)}
    assert f"nextbuy serve --shop {tmp_path / 'simulated' / 'nextbuy.toml'}" in console.file.getvalue()


# a service that is ready at once: a minimal HTTP server that replies 200 to every GET
_READY = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""


def _write_served_shop(folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> Path:
    """Write a shop whose service is the program given; returns its nextbuy.toml."""
    (folder / ".nextbuy").mkdir()
    monkeypatch.setattr(demo, "serve_environment", lambda _: {})
    monkeypatch.setattr(
        demo, "serve_command", lambda _, port: [sys.executable, "-S", "-c", program, str(port)]
    )
    return write_tiny_shop(folder, "2024-01-05")


def test_the_service_is_stopped_when_the_demo_is_done_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = _write_served_shop(tmp_path, monkeypatch, _READY)
    console = Console(file=io.StringIO())
    with demo._serving(console, config, keep=False) as url:
        assert httpx.get(f"{url}/readyz").status_code == 200
    assert not demo._is_ready(url)
    with (
        pytest.raises(ValueError, match="the request failed"),
        demo._serving(console, config, keep=True) as url,
    ):
        raise ValueError("the request failed")
    assert not demo._is_ready(url)  # a failed demo keeps nothing running


def test_a_service_that_ends_at_once_is_an_error_that_names_its_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = _write_served_shop(tmp_path, monkeypatch, "raise SystemExit('no model to serve')")
    with (
        pytest.raises(InputError, match="expected a service that is ready within 90 seconds") as caught,
        demo._serving(Console(file=io.StringIO()), config, keep=False),
    ):
        pass
    log_file = tmp_path / ".nextbuy" / "service.log"
    assert str(log_file) in str(caught.value)
    assert "no model to serve" in log_file.read_text()


def test_what_customers_did_counts_purchases_after_the_cutoff_within_the_horizon(
    tmp_path: Path,
) -> None:
    instants = ("2024-01-05", "2024-02-10", "2024-03-01", "2024-09-01")
    log = read_log(read_shop(write_tiny_shop(tmp_path, *instants)))
    cutoff = resolve_cutoff(log, "2024-02-01")
    # the order of September is later than the horizon of 90 days
    assert what_they_did(log, ["c", "nobody"], cutoff) == {"c": "02-10, 2x"}
    assert what_they_did(log, ["nobody"], cutoff) == {}


def test_chosen_customers_are_at_most_two_of_each_frequency_and_always_the_same(
    small: Path,
) -> None:
    log = read_log(read_shop(small))
    cutoff = resolve_cutoff(log, "2025-07-01")
    chosen = choose_customers(log, cutoff)
    assert chosen == choose_customers(log, cutoff)
    assert len(chosen) == len(set(chosen)) == 8  # of those with 0, 1-2, 3-9, 10 and more
    orders = pd.read_parquet(small.parent / "orders.parquet")
    known = set(orders.loc[orders["ordered_at"] < "2025-07-02", "customer_id"])
    assert set(chosen) <= known | set(pd.read_parquet(small.parent / "identities.parquet")["customer_id"])
