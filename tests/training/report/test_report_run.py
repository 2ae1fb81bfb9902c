"""The report of a training, kept with its run and fetched from it."""

import re
from pathlib import Path

import pytest
from mlflow import MlflowClient

from features.errors import NextbuyError
from features.log.log import read_log
from features.shop.shop import read_shop
from models.registry import CHAMPION
from training.lifecycle.promote import promote
from training.report.report_run import fetch_report
from training.train import train


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
