"""`nextbuy backtest` as its users see it, from scores that are written by hand."""

import io
import json
import math

import pandas as pd
import pytest
from rich.console import Console

from nextbuy.show.backtest_tables import show_backtest, to_json
from tests.nextbuy.show.narrow_terminal import MODELS, assert_shown, make_scores
from training.evaluation.comparison import BacktestComparison


@pytest.fixture
def comparison() -> BacktestComparison:
    scores = [
        {
            "origin": pd.Timestamp(origin, tz="UTC"),
            "frequency": frequency,
            "model": model,
            "customers": 10,
            "crps": crps,
            "auc_30d": 0.7,
            "auc_90d": None if frequency == "10_up" else 0.8,
            "log_loss_90d": 0.3,
            "ece_90d": 0.02,
            "lift10_90d": 2.0,
        }
        for origin in ("2024-03-31", "2024-06-30")
        for frequency in ("all", "0", "10_up")
        for model, crps in (("Nextbuy", 5.0), ("BG/NBD", 5.5), ("mean gap", 9.0))
    ]
    differences = pd.DataFrame(
        [("BG/NBD", -9.1, -20.0, 1.0, False), ("mean gap", -44.4, -50.0, -40.0, True)],
        columns=["rival", "percent", "low", "high", "distinguishable"],
    )
    return BacktestComparison(pd.DataFrame(scores), differences)


def test_the_terminal_shows_scores_intervals_origins_and_frequencies(
    comparison: BacktestComparison,
) -> None:
    console = Console(file=io.StringIO(), width=120)
    show_backtest(console, comparison)
    text = console.file.getvalue()
    assert "20 rows of customers, judged from 2024-03-31, 2024-06-30" in text
    rows = {line.split("│")[1].strip(): line for line in text.splitlines() if line.count("│") > 2}
    assert "10+: 20 rows" in rows
    assert "0: 20 rows" in rows
    of_rival = next(line for line in text.splitlines() if "-20.0" in line)
    assert "BG/NBD" in of_rival
    assert "not distinguishable" in of_rival
    assert "better" in next(line for line in text.splitlines() if "-50.0" in line)


def test_the_json_holds_every_row_and_null_for_what_is_not_defined(
    comparison: BacktestComparison,
) -> None:
    comparison.differences.loc[1, ["percent", "high"]] = math.inf  # of a rival without any loss
    tables = json.loads(to_json(comparison))
    assert tables["differences"][1]["percent"] is None
    assert tables["differences"][1]["low"] == -50.0
    assert len(tables["scores"]) == 18
    assert len(tables["pooled"]) == 9
    assert tables["scores"][0]["origin"] == "2024-03-31T00:00:00+00:00"
    assert tables["scores"][6]["auc_90d"] is None
    assert tables["differences"][0]["distinguishable"] is False


def test_a_backtest_of_many_origins_shows_all_of_them(console: Console) -> None:
    scores = make_scores(9)
    differences = pd.DataFrame(
        [(model, -109.1, -120.0, -101.0, False) for model in MODELS],
        columns=["rival", "percent", "low", "high", "distinguishable"],
    )
    show_backtest(console, BacktestComparison(scores, differences))
    origins = [f"{origin:%Y-%m-%d}" for origin in scores["origin"].drop_duplicates()]
    assert_shown(console, "[-120.0, -101.0]", *origins, "not distinguishable", folded=MODELS)
