"""Runs the demo: from an order log to served answers, compared with what customers did later."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pandas as pd
from rich.console import Console

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_catalog
from features.engines.sql.feature_queries import purchases_sql
from features.errors import refuse
from features.log.log import Log, read_log
from features.shop.shop import read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.windows import Window, to_datetime
from nextbuy.demo.cdnow import write_cdnow
from nextbuy.show.answer_tables import show_answers, show_holdout, working
from nextbuy.show.readiness_tables import make_report, show_report
from nextbuy.simulator.simulator import simulate_shop
from serving.http.server import serve_command, serve_environment
from training.evaluation.backtest import STEPS_PER_ORIGIN, backtest
from training.lifecycle.promote import promote
from training.metrics.probabilities import ALL_CUSTOMERS, frequency_buckets
from training.purchase.slice_cutoffs import latest_closed_cutoff, holdout_cutoff
from training.train import count_progress_steps, list_trainable_kinds, train

SIMULATED_CUSTOMERS = 5000
TRIALS = 0  # the default settings: a search takes longer than a newcomer waits
_PER_BUCKET = 2
_START_SECONDS = 90


def run_demo(console: Console, folder: Path, shops: Sequence[str], keep_serving: bool) -> None:
    """Run the demo of each shop; see the tutorial in docs/tutorials/demo.md.

    Parameters
    ----------
    console : Console
        Where progress and tables are printed.
    folder : Path
        Each shop is written into the subfolder of its name.
    shops : sequence of str
        `cdnow`, `simulated` or both.
    keep_serving : bool
        Whether the service of the last shop runs on after the demo.
    """
    for name in shops:
        is_last = name == shops[-1]
        _run_shop(console, name, folder / name, keep_serving and is_last)
    _show_next_steps(console, folder / shops[-1])


def _run_shop(console: Console, name: str, folder: Path, keep_serving: bool) -> None:
    console.rule(f"[bold]{_TITLES[name]}")
    with working(console, "writing the shop's files"):
        is_real = name == "cdnow"
        config = write_cdnow(folder) if is_real else simulate_shop(folder, SIMULATED_CUSTOMERS)
    log = read_log(read_shop(config))
    show_report(console, make_report(log))
    cutoff = _learn(console, log)
    with working(console, "building the history store, as known at the cutoff"):
        build_store(log, store_target(log.shop), cutoff)
    customers = choose_customers(log, cutoff)
    as_of = to_datetime(cutoff).isoformat()
    with _serving(console, config, keep_serving) as url:
        request = {"customer_ids": customers, "as_of": as_of}
        response = httpx.post(f"{url}/v1/predict", json=request, timeout=30)
        response.raise_for_status()
        if keep_serving:
            _show_curl(console, url, customers[-1], as_of)
    title = f"as of {as_of[:10]}, next to what they did in the {_horizon(log)} days after"
    show_answers(
        console,
        response.json()["answers"],
        what_they_did(log, customers, cutoff),
        title,
    )


_TITLES = {
    "cdnow": "CDNOW: 23,570 real customers",
    "simulated": f"A simulated shop: {SIMULATED_CUSTOMERS:,} customers, nobody in it exists",
}


def _learn(console: Console, log: Log) -> int:
    """Back-test, train and promote the models; returns their cutoff, where the holdout begins."""
    horizon = _horizon(log)
    cutoff = holdout_cutoff(log, horizon)
    earlier = latest_closed_cutoff(log, cutoff, horizon)
    title = "back-test one horizon before the holdout"
    with working(console, title, STEPS_PER_ORIGIN) as progress:
        scores = backtest(log, [earlier], cutoff, progress).scores
    show_holdout(console, scores[scores["frequency"] == ALL_CUSTOMERS])
    steps = count_progress_steps(list_trainable_kinds(log, cutoff), TRIALS)
    with working(console, "training", steps) as progress:
        trained = train(log, cutoff=cutoff, trials=TRIALS, progress=progress)
    if trained.holdout is not None:
        show_holdout(console, trained.holdout)
    for kind, version in promote(log.shop.tracking_uri).items():
        console.print(f"{kind}: version {version} is the champion")
    return cutoff


def choose_customers(log: Log, cutoff: int) -> list[str]:
    """Choose two customers of each frequency bucket, without looking at what they did later.

    Returns
    -------
    list of str
        Their ids, from the least frequent to the most; the same log and cutoff give the same ids.
    """
    features = build_features(log, [cutoff], read_catalog(log, cutoff).select(["frequency"]))
    buckets = frequency_buckets(features["frequency"].to_numpy())
    chosen = [features[rows].sample(_PER_BUCKET, random_state=1) for rows in buckets.values()]
    return [str(customer_id) for customer_id in pd.concat(chosen)["customer_id"]]


def what_they_did(log: Log, customers: Sequence[str], cutoff: int) -> dict[str, str]:
    """Describe when each customer first came back after the cutoff, and how often.

    Returns
    -------
    dict of str to str
        By customer id, e.g. `02-10, 2x`: the month and day of the first order within the horizon
        after the cutoff, and the number of orders in it. Customers without one are left out.
    """
    window = Window(cutoff, horizon=_horizon(log))
    purchases = purchases_sql(log, log.observed_until)
    rows = log.connection.execute(
        f"SELECT customer_id, min(happened_at), count(*) FROM ({purchases}) "
        f"WHERE {window.target_sql('happened_at')} AND list_contains(?, customer_id) GROUP BY ALL",
        [list(customers)],
    ).fetchall()
    return {
        customer_id: f"{to_datetime(first):%m-%d}, {orders}x" for customer_id, first, orders in rows
    }


@contextmanager
def _serving(console: Console, config: Path, keep: bool) -> Iterator[str]:
    """Start the service and wait until it is ready; stop it afterwards unless `keep` is set.

    An error stops the service even then.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log_file = read_shop(config).workspace / "service.log"
    with log_file.open("w") as output:
        process = subprocess.Popen(
            serve_command("127.0.0.1", port),
            env=serve_environment(config),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        with working(console, "starting the service"):
            _wait_until_ready(process, url, log_file)
        yield url
    except BaseException:
        keep = False
        raise
    finally:
        if keep:
            console.print(f"the service goes on; stop it with: kill -- -{process.pid}")
        else:
            with suppress(ProcessLookupError):  # a service that failed has ended by itself
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait_until_ready(process: "subprocess.Popen[bytes]", url: str, log_file: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not _is_ready(url):
        if time.monotonic() > deadline or process.poll() is not None:
            raise refuse(
                "demo",
                f"a service that is ready within {_START_SECONDS} seconds",
                f"none at {url}",
                f"Read why in {log_file}.",
            )
        time.sleep(0.2)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=2).status_code == 200
    except httpx.TransportError:  # the service does not listen yet
        return False


def _show_curl(console: Console, url: str, customer_id: str, as_of: str) -> None:
    body = f'{{"customer_ids": ["{customer_id}"], "as_of": "{as_of}"}}'
    console.print(
        f"curl -s {url}/v1/predict -H 'content-type: application/json' -d '{body}'",
        soft_wrap=True,
        highlight=False,
    )


def _horizon(log: Log) -> int:
    return log.shop.section.horizon_days


def _show_next_steps(console: Console, folder: Path) -> None:
    config = folder / "nextbuy.toml"
    database = read_shop(config).tracking_uri
    console.rule("[bold]next")
    for purpose, command in (
        ("the runs, plots and versions", f"mlflow ui --backend-store-uri {database}"),
        (
            "answers without a service",
            f"nextbuy predict --shop {config} CUSTOMER --as-of DATE",
        ),
        ("the service", f"nextbuy serve --shop {config}"),
        ("your own shop", "write a nextbuy.toml, then: nextbuy check; nextbuy train"),
    ):
        console.print(f"{purpose}: [bold]{command}[/bold]", soft_wrap=True, highlight=False)
