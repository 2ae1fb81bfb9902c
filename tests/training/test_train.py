"""A training as a whole: what it registers, what it writes, what a failure leaves."""

from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient

import training.train as train_module
from features.errors import InputError
from features.log.kept_tables import KEPT_FOLDER
from features.log.log import read_log
from features.shop.shop import read_shop
from models.kinds import KINDS
from models.registry import CHALLENGER, CHAMPION, read_version
from training.train import train


def test_our_forecast_beats_every_baseline_on_the_holdout(demo_shop) -> None:
    table = demo_shop.trained.holdout.set_index("model")
    assert set(table.index) == {
        "Nextbuy", "base rate", "days since last", "mean gap", "BG/NBD", "MBG/NBD",
        "LightGBM-RFM",
    }  # fmt: skip
    ours, rivals = table.loc["Nextbuy"], table.drop("Nextbuy")
    assert ours["crps"] < rivals["crps"].min()
    assert ours["log_loss_90d"] < rivals["log_loss_90d"].min()


def test_our_forecast_is_calibrated_on_the_holdout(demo_shop) -> None:
    table = demo_shop.trained.holdout.set_index("model")
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
    kept = tmp_path / ".nextbuy" / KEPT_FOLDER
    files = sorted(p.name for p in tmp_path.rglob("*") if p.is_file() and p.parent != kept)
    assert files == ["nextbuy.toml", "orders.csv"]


def test_best_channel_without_messages_is_refused(cdnow) -> None:
    with pytest.raises(InputError, match=r"tables\.messages: expected enough messages"):
        train(cdnow.log, ["best-channel"])
