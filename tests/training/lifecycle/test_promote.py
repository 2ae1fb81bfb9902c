"""Promotion of challengers to champions."""

from pathlib import Path

import pytest
from mlflow import MlflowClient

from features.errors import NextbuyError
from features.log.log import read_log
from features.shop.shop import read_shop
from models.registry import read_champions
from training.lifecycle.promote import promote
from training.train import train


def test_a_version_that_was_not_registered_by_us_is_not_promoted(small: Path) -> None:
    log = read_log(read_shop(small))
    trained = train(log, ["churn"], trials=0)
    client = MlflowClient(log.shop.tracking_uri)
    for tag in ("gate.excess_loss", "artefact_sha256"):
        client.delete_model_version_tag("churn", trained.versions["churn"], tag)
        with pytest.raises(NextbuyError, match=f"no tags? .*{tag}"):
            promote(log.shop.tracking_uri, ["churn"])


def test_the_registry_is_the_shops_own_whatever_the_environment_names(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"sqlite:///{tmp_path}/other.db"
    monkeypatch.setenv("MLFLOW_REGISTRY_URI", other)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", other)
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "17")
    log = read_log(read_shop(small))
    trained = train(log, ["churn"], trials=0)
    promoted = promote(log.shop.tracking_uri, ["churn"])
    assert promoted == trained.versions
    assert read_champions(log.shop.tracking_uri).versions["churn"] == promoted["churn"]
    assert not (tmp_path / "other.db").exists()


def test_without_a_challenger_nothing_is_promoted(tmp_path: Path) -> None:
    with pytest.raises(NextbuyError, match="no challenger for churn"):
        promote(f"sqlite:///{tmp_path}/mlflow.db", ["churn"])


def test_a_challenger_that_loses_to_its_baseline_is_not_promoted(small: Path) -> None:
    log = read_log(read_shop(small))
    trained = train(log, ["churn"], trials=0)
    client = MlflowClient(log.shop.tracking_uri)
    client.set_model_version_tag("churn", trained.versions["churn"], "gate.excess_loss", "9.9")
    before = read_champions(log.shop.tracking_uri).versions
    with pytest.raises(NextbuyError, match="lost to the base rate"):
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
    with pytest.raises(NextbuyError, match="horizon of 60 days and the timing model of 90"):
        promote(log.shop.tracking_uri, ["churn"])
    promoted = promote(log.shop.tracking_uri, ["churn", "repurchase-timing"])
    champions = read_champions(log.shop.tracking_uri)
    assert champions.churn.horizon_days == champions.timing.horizon_days == 60
    assert champions.versions == promoted
