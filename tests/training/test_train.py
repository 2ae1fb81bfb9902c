"""A training as a whole: what it registers, what it writes, what a failure leaves."""

import re
from pathlib import Path
from urllib.parse import urlparse

import mlflow
import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

import training.train as train_module
from features.errors import InputError, NextbuyError
from features.log.log import read_log
from features.shop.shop import read_shop
from models.artefact import KINDS
from models.registry import CHALLENGER, CHAMPION, read_champions, read_version
from nextbuy.simulator.simulator import simulate_shop
from training.lifecycle.promote import promote
from training.report.report_run import fetch_report
from training.runs.candidates import Judgement
from training.train import train


@pytest.mark.parametrize("name", ["cdnow", "simulated"])
def test_our_forecast_beats_every_baseline_on_the_holdout(
    name: str, request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(name).trained.holdout.set_index("model")
    assert set(table.index) == {
        "Nextbuy", "base rate", "days since last", "mean gap", "BG/NBD", "MBG/NBD",
        "LightGBM-RFM",
    }  # fmt: skip
    ours, rivals = table.loc["Nextbuy"], table.drop("Nextbuy")
    assert ours["crps"] < rivals["crps"].min()
    assert ours["log_loss_90d"] < rivals["log_loss_90d"].min()


@pytest.mark.parametrize("name", ["cdnow", "simulated"])
def test_our_forecast_is_calibrated_on_the_holdout(
    name: str, request: pytest.FixtureRequest
) -> None:
    table = request.getfixturevalue(name).trained.holdout.set_index("model")
    assert table.loc["Nextbuy", "ece_90d"] < 0.03


def test_every_model_is_registered_with_its_aliases_and_its_run(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    assert set(simulated.trained.versions) == set(KINDS)
    for kind in KINDS:
        version = client.get_model_version_by_alias(kind, CHAMPION)
        assert client.get_model_version_by_alias(kind, CHALLENGER).version == version.version
        run = client.get_run(version.run_id)
        assert run.info.status == "FINISHED"
        assert run.data.params["cutoff"] == "2025-10-01T21:59:59.999999+00:00"
        assert run.data.tags["simulated"] == "true"
        assert {m.split(".")[0] for m in run.data.metrics} >= {"holdout"}
        names = {item.path for item in client.list_artifacts(version.run_id)}
        assert names >= {"model", "features.json", "data_fingerprint.txt"}


@pytest.mark.parametrize(
    ("kind", "splits", "metric"),
    [
        ("churn", ("train", "valid", "holdout"), "log_loss"),
        ("repurchase-timing", ("train", "valid", "holdout"), "crps"),
        ("best-channel", ("holdout",), "log_loss"),
    ],
)
def test_a_run_has_every_split_every_bucket_and_its_plots(
    simulated, kind: str, splits: tuple[str, ...], metric: str
) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    run_id = client.get_model_version_by_alias(kind, CHAMPION).run_id
    metrics = client.get_run(run_id).data.metrics
    for split in splits:
        assert f"{split}.{metric}" in metrics
        for bucket in ("0", "1-2", "3-9", "10_up"):
            assert f"{split}.frequency_{bucket}.{metric}" in metrics
    names = {item.path for item in client.list_artifacts(run_id)}
    assert {"holdout_calibration.png", "holdout_lift.png"} <= names


def test_the_training_keeps_its_report_and_the_plots(simulated) -> None:
    uri = simulated.shop.tracking_uri
    client = MlflowClient(uri)
    run_id = client.get_model_version_by_alias("churn", CHAMPION).run_id
    parent = client.get_run(run_id).data.tags["mlflow.parentRunId"]
    plots = {item.path for item in client.list_artifacts(parent, "report")}
    assert plots == {
        f"report/{name}.png"
        for name in (
            "difference", "reliability", "gain", "pit_given_return", "pit_whole_law", "customers",
            "segments", "importance",
        )
    }  # fmt: skip
    page = fetch_report(uri)
    assert page == fetch_report(uri, simulated.promoted["churn"])
    assert "<dt>repurchase-timing</dt><dd>version 1</dd>" in page
    assert "2025-10-01 23:59 (Europe/Warsaw)" in page
    assert "nobody in this report exists" in page


def test_neither_ids_nor_what_is_too_personal_stand_in_the_report(simulated) -> None:
    page = re.sub(r"base64,[^\"]*", "", fetch_report(simulated.shop.tracking_uri))
    ids = simulated.log.connection.execute("SELECT DISTINCT customer_id FROM orders").fetchall()
    assert len(ids) > 1000
    assert not [customer for (customer,) in ids if customer in page]
    assert not re.search("health|pregnan|religio", page)


def test_the_signature_names_what_the_model_reads_and_gives(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    version = client.get_model_version_by_alias("churn", CHAMPION)
    path = urlparse(version.source).path
    info = mlflow.models.Model.load(f"{path}/MLmodel")
    read = simulated.champions.churn.inputs
    assert info.signature.inputs.input_names() == list(read)
    assert info.signature.outputs.input_names() == ["p_churn"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate_shop(tmp_path_factory.mktemp("small"), 400)


def test_the_same_seed_and_budget_give_the_same_model(small: Path) -> None:
    log = read_log(read_shop(small))
    identities = []
    for _ in range(2):
        train(log, ["churn"], trials=2)
        version = read_version(log.shop.tracking_uri, "churn", CHALLENGER)
        assert version is not None
        model = version.model
        boosters = [model.residual.to_text(), model.direct.to_text()]
        identities.append((boosters, model.stack, model.quantiles))
    assert identities[0] == identities[1]


def test_a_model_can_be_trained_to_the_end_of_the_data_for_production(small: Path) -> None:
    log = read_log(read_shop(small))
    trained = train(log, ["churn", "repurchase-timing"], log.observed_until, trials=0)
    assert trained.holdout is None
    client = MlflowClient(log.shop.tracking_uri)
    version = client.get_model_version("churn", trained.versions["churn"])
    assert {m.split(".")[0] for m in client.get_run(version.run_id).data.metrics} == {
        "train", "valid",
    }  # fmt: skip


def test_a_training_that_fails_leaves_the_registry_as_it_was(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = read_log(read_shop(small))
    client = MlflowClient(log.shop.tracking_uri)
    before = {m.name: dict(m.aliases) for m in client.search_registered_models()}

    def fail(*_: object) -> None:
        raise RuntimeError("in the last model, after the first ones were fitted")

    monkeypatch.setattr(train_module, "train_channel_model", fail)
    with pytest.raises(RuntimeError, match="in the last model"):
        train(log, trials=0)
    assert {m.name: dict(m.aliases) for m in client.search_registered_models()} == before
    runs = mlflow.search_runs(search_all_experiments=True, output_format="list")
    assert any(run.info.status == "FAILED" for run in runs)
    assert mlflow.active_run() is None


def test_bad_input_fails_before_anything_is_written(small: Path, tmp_path: Path) -> None:
    config = tmp_path / "nextbuy.toml"
    config.write_text('[tables.orders]\npath = "orders.csv"\n')
    frame = pd.read_parquet(small.parent / "orders.parquet").head(50)
    frame.to_csv(tmp_path / "orders.csv", index=False)
    with pytest.raises(InputError, match="orders: expected a history of at least 241 days"):
        train(read_log(read_shop(config)))
    files = sorted(p.name for p in tmp_path.rglob("*") if p.is_file())
    assert files == ["nextbuy.toml", "orders.csv"]


def test_a_loss_within_chance_is_no_loss() -> None:
    rng = np.random.default_rng(0)
    same, noise = np.ones(500), rng.normal(0, 1, 500)
    assert not Judgement.of(same + noise, same + rng.permutation(noise)).lost
    assert Judgement.of(same + 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(same - 0.3 + 0.1 * noise, same).lost
    assert not Judgement.of(np.ones(1), np.zeros(1)).lost  # one outcome judges nothing


def test_a_version_that_was_not_registered_by_us_is_not_promoted(small: Path) -> None:
    log = read_log(read_shop(small))
    trained = train(log, ["churn"], trials=0)
    client = MlflowClient(log.shop.tracking_uri)
    for tag in ("gate.excess_loss", "artefact_sha256"):
        client.delete_model_version_tag("churn", trained.versions["churn"], tag)
        with pytest.raises(NextbuyError, match=f"no tags? .*{tag}"):
            promote(log.shop.tracking_uri, ["churn"])


def test_a_report_is_of_models_that_were_trained_together(small: Path) -> None:
    log = read_log(read_shop(small))
    uri = log.shop.tracking_uri
    pair = train(log, ["churn", "repurchase-timing"], trials=0)
    promote(uri, ["churn", "repurchase-timing"])
    assert f"<dt>churn</dt><dd>version {pair.versions['churn']}</dd>" in fetch_report(uri)
    alone = train(log, ["churn"], trials=0)
    with pytest.raises(NextbuyError, match=r"has no report\.html: it trained only one"):
        fetch_report(uri, alone.versions["churn"])
    promote(uri, ["churn"])
    with pytest.raises(NextbuyError, match="were not trained together"):
        fetch_report(uri)
    with pytest.raises(NextbuyError, match="there is no version 99 of churn"):
        fetch_report(uri, "99")


def test_without_champions_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(NextbuyError, match="no champion for churn and repurchase-timing"):
        fetch_report(f"sqlite:///{tmp_path}/mlflow.db")


def test_best_channel_without_messages_is_refused(cdnow) -> None:
    with pytest.raises(InputError, match=r"tables\.messages: expected enough messages"):
        train(cdnow.log, ["best-channel"])


def test_without_a_challenger_nothing_is_promoted(tmp_path: Path) -> None:
    with pytest.raises(NextbuyError, match="no challenger for churn"):
        promote(f"sqlite:///{tmp_path}/mlflow.db", ["churn"])


def test_a_challenger_that_loses_to_its_baseline_is_not_promoted(small: Path) -> None:
    log = read_log(read_shop(small))
    trained = train(log, ["churn"], trials=0)
    client = MlflowClient(log.shop.tracking_uri)
    client.set_model_version_tag("churn", trained.versions["churn"], "gate.excess_loss", "9.9")
    before = read_champions(log.shop.tracking_uri).versions
    with pytest.raises(NextbuyError, match="lost to the simplest rival"):
        promote(log.shop.tracking_uri, ["churn"])
    assert read_champions(log.shop.tracking_uri).versions == before


def test_a_new_horizon_is_promoted_for_both_models_or_not_at_all(small: Path) -> None:
    log = read_log(read_shop(small))
    train(log, ["churn", "repurchase-timing"], trials=0)
    promote(log.shop.tracking_uri, ["churn", "repurchase-timing"])
    text = small.read_text()
    small.write_text(text.replace("horizon_days = 90", "horizon_days = 60"))
    try:
        shorter = read_log(read_shop(small))
        train(shorter, ["churn", "repurchase-timing"], trials=0)
    finally:
        small.write_text(text)
    with pytest.raises(NextbuyError, match="horizon of 60 days and repurchase-timing of 90"):
        promote(log.shop.tracking_uri, ["churn"])
    promoted = promote(log.shop.tracking_uri, ["churn", "repurchase-timing"])
    champions = read_champions(log.shop.tracking_uri)
    assert champions.churn.horizon_days == champions.timing.horizon_days == 60
    assert champions.versions == promoted


def test_a_run_says_why_no_trees_were_tried_on_few_draws(simulated) -> None:
    client = MlflowClient(simulated.shop.tracking_uri)
    run_id = client.get_model_version_by_alias("best-channel", CHAMPION).run_id
    tags = client.get_run(run_id).data.tags
    assert tags["level"] == "exploring"
    assert re.match(r"fewer than 20,000 randomised sends: .*email \d", tags["challenger"])


def test_the_channel_model_finds_which_customers_messages_move(simulated) -> None:
    """In the simulator a message adds to the chance to buy, whatever the channel."""
    model = simulated.champions.channel
    assert model.level == "exploring"
    means = {arm: p for arm, p in model.mean_p.items() if arm != "none"}
    assert np.mean(list(means.values())) > model.mean_p["none"]
