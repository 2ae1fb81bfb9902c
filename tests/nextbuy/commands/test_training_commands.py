"""The commands about models: what they ask of the training, and what they print of its result."""

import json
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from features.log.log import read_log
from features.shop.shop import read_shop
from features.windows import DAY, read_cutoff
from models.kinds import KINDS
from nextbuy.commands.training_commands import ModelName
from tests.nextbuy.command_line import RunCommand, write_tiny_shop
from tests.nextbuy.show.narrow_terminal import make_scores
from training.evaluation.comparison import BacktestComparison


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny_shop(tmp_path, "2023-01-05", "2024-03-06")


def test_the_command_line_offers_every_kind_of_model() -> None:
    assert [name.value for name in ModelName] == list(KINDS)


def test_train_prints_each_version_the_missing_channel_model_and_the_report(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    calls: list[tuple[Any, ...]] = []

    def train(_: Any, kinds: list[str], cutoff: Any, trials: int, *__: Any, **rest: Any) -> Any:
        calls.append((kinds, cutoff, trials, rest["tune_minutes"]))
        versions = {kind: "3" for kind in kinds}
        at = read_cutoff("2023-12-01", ZoneInfo("Europe/Warsaw"))
        return SimpleNamespace(cutoff=at, versions=versions, holdout=None, reported=True)

    monkeypatch.setattr("training.train.train", train)
    code, output, error = run("train", "--shop", str(tiny), "--trials", "4")
    assert (code, error) == (0, "")
    assert "best-channel is not trained: " in output
    assert "churn: version 3 is the challenger" in output
    assert f"nextbuy report --shop {tiny} --version 3" in output
    chosen = ("--model", "repurchase-timing", "--model", "churn", "--tune-minutes", "1.5")
    code, output, _ = run("train", "--shop", str(tiny), *chosen)
    assert code == 0
    assert "best-channel" not in output
    both = ["churn", "repurchase-timing"]
    assert calls == [(both, None, 4, None), (both, None, 10, 1.5)]


def _patch_backtest(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Let a back-test return written scores; returns the origins of each call."""
    calls: list[list[int]] = []
    differences = [("mean gap", -9.1, -20.0, 1.0, False)]
    columns = ["rival", "percent", "low", "high", "distinguishable"]
    comparison = BacktestComparison(make_scores(2), pd.DataFrame(differences, columns=columns))

    def backtest(_: Any, origins: list[int], **__: Any) -> BacktestComparison:
        calls.append(list(origins))
        return comparison

    monkeypatch.setattr("training.evaluation.backtest.backtest", backtest)
    return calls


def test_backtest_prints_json_and_nothing_else_if_asked_to(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    _patch_backtest(monkeypatch)
    code, output, _ = run("backtest", "--shop", str(tiny), "--json")
    assert code == 0
    assert json.loads(output).keys() == {"scores", "pooled", "differences"}


def test_backtest_chooses_past_cutoffs_a_horizon_apart_or_those_given(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    calls = _patch_backtest(monkeypatch)
    shop = ("--shop", str(tiny))
    assert run("backtest", *shop)[0] == 0
    assert run("backtest", *shop, "--origins-count", "2", "--stride", "30")[0] == 0
    dates = ("2023-06-01", "2023-08-01")
    assert run("backtest", *shop, *(part for d in dates for part in ("--origins", d)))[0] == 0
    by_default, by_stride, given = calls
    assert [later - earlier for earlier, later in pairwise(by_default)] == [90 * DAY] * 2
    assert by_stride[1] - by_stride[0] == 30 * DAY
    end = read_log(read_shop(tiny)).observed_until
    assert by_default[-1] == by_stride[-1]
    assert end - 92 * DAY < by_default[-1] <= end - 90 * DAY
    assert given == [read_cutoff(date, ZoneInfo("UTC"), "origins") for date in dates]


def test_promote_names_the_models_chosen_and_prints_their_versions(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    calls: list[list[str]] = []

    def promote(tracking_uri: str, kinds: list[str]) -> dict[str, str]:
        assert tracking_uri.endswith("mlflow.db")
        calls.append(kinds)
        return {"churn": "7"}

    monkeypatch.setattr("training.lifecycle.promote.promote", promote)
    chosen = ("--model", "churn", "--model", "best-channel")
    code, output, _ = run("promote", "--shop", str(tiny), *chosen)
    assert (code, output) == (0, "churn: version 7 is the champion\n")
    assert run("promote", "--shop", str(tiny))[0] == 0
    assert calls == [["churn", "best-channel"], []]


def test_report_writes_the_page_of_the_version_given(
    run: RunCommand, monkeypatch: pytest.MonkeyPatch, tiny: Path
) -> None:
    monkeypatch.setattr(
        "training.report.report_run.fetch_report", lambda _, version: f"<p>é {version}</p>"
    )
    page = tiny.parent / "page.html"
    options = ("--shop", str(tiny), "--output", str(page))
    assert run("report", *options)[0] == 0
    assert page.read_text(encoding="utf-8") == "<p>é None</p>"
    assert run("report", *options, "--version", "12")[0] == 0
    assert page.read_text(encoding="utf-8") == "<p>é 12</p>"


def test_policy_refuses_a_missing_folder_before_it_reads_the_log(
    run: RunCommand, tmp_path: Path
) -> None:
    page = tmp_path / "missing" / "policy.html"
    code, _, error = run("policy", "--shop", "nowhere.toml", "--output", str(page))
    assert code == 1
    assert f"--output: expected a file in a folder that exists, got {page}" in error
    assert not page.parent.exists()
