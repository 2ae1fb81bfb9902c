"""What is judged, and the frames that are made of it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.engines.sql.feature_build import build_features, read_vocabulary
from training.evaluation.cumulative_gains import gain_curve, gain_table
from training.evaluation.evaluation import Evaluation, JudgedOrigin, evaluate, rfm_segments
from training.evaluation.origin_scores import ALL_ORIGINS, compare_losses, score_origins
from training.evaluation.reliability import reliability_errors, reliability_table
from training.evaluation.sample_customers import choose_samples, sample_laws, sample_windows
from training.evaluation.segments import frequency_table, segment_table
from training.metrics.probabilities import OURS, lift_at


def _tiny(laws: dict[str, list[list[float]]], days: list[int]) -> JudgedOrigin:
    rows = len(days)
    customers = pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(rows)],
            "cutoff": pd.Timestamp("2025-01-01", tz="UTC"),
            "frequency": 0,
            "rfm_segment": pd.Series(["new", None] * rows)[:rows],
        }
    )
    labels = pd.DataFrame({"days_to_next": days, "spend": [100.0 * (d > 0) for d in days]})
    labels["returned"] = labels["days_to_next"] > 0
    return JudgedOrigin("holdout", customers, labels, {n: np.array(law) for n, law in laws.items()})


def test_the_horizons_are_those_of_an_answer_up_to_the_shops_own(evaluation: Evaluation) -> None:
    assert evaluation.test.horizons == [7, 14, 30, 60]
    short = {n: law[:, :22] for n, law in evaluation.test.laws.items()}
    assert replace(evaluation.test, laws=short).horizons == [7, 14, 21]


def test_a_training_of_one_purchase_model_is_not_evaluated() -> None:
    assert evaluate(None, []) is None


def test_segments_are_named_as_the_feature_names_them(simulated) -> None:
    vocabulary = read_vocabulary(simulated.log, simulated.cutoff)
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    named = rfm_segments(frame, vocabulary)
    assert named.tolist() == frame["rfm_segment"].tolist()
    assert len(set(named)) > 5


def test_reliability_is_the_mean_chance_and_the_rate_of_each_bin(evaluation: Evaluation) -> None:
    table = reliability_table(evaluation.test, bins=5)
    ours = table[(table["model"] == OURS) & (table["days"] == 30)]
    assert ours["customers"].sum() == len(evaluation.test.labels)
    assert ((ours["low"] <= ours["predicted"]) & (ours["predicted"] <= ours["high"])).sum() >= 4
    whole = (ours["observed"] * ours["customers"]).sum()
    assert whole == pytest.approx(evaluation.test.bought_within(30).sum())
    blunt = table[(table["model"] == "blunt") & (table["days"] == 30)]
    assert len(blunt) == 1  # everybody has the same chance: one bin
    errors = reliability_errors(evaluation.test).set_index("model")
    assert errors.columns.tolist() == [7, 14, 30, 60]
    assert (errors.loc[OURS] < errors.loc["wrong"]).all()


def test_gain_agrees_with_lift_and_draws_ties_at_random(evaluation: Evaluation) -> None:
    judged = evaluation.test
    table = gain_table(judged, 60).set_index(["model", "asked"])
    lift = lift_at(judged.bought_within(60), judged.laws[OURS][:, 60], 0.1)
    assert table.loc[(OURS, 0.1), "lift"] == pytest.approx(lift)
    assert table.loc["blunt", "lift"].to_numpy() == pytest.approx(1)
    nobody = gain_curve(np.zeros(3, dtype=bool), np.ones(3), np.array([0.5]))
    assert np.isnan(nobody).all()


def test_differences_are_by_origin_and_of_all_origins(evaluation: Evaluation) -> None:
    table = compare_losses(evaluation, draws=200)
    assert table["origin"].unique().tolist() == ["2025-01-31", "2025-04-01", ALL_ORIGINS]
    assert set(table["loss"]) == {"CRPS", "log-loss"}
    crps = table[(table["loss"] == "CRPS")].set_index(["origin", "rival"])
    assert crps.loc[("2025-04-01", "wrong"), "distinguishable"]
    assert crps.loc[("2025-04-01", "wrong"), "high"] < 0
    scores = score_origins(evaluation).set_index(["origin", "model"])["crps"]["2025-04-01"]
    expected = 100 * (scores[OURS] / scores["blunt"] - 1)
    assert crps.loc[("2025-04-01", "blunt"), "percent"] == pytest.approx(expected)


def test_a_rival_that_says_the_same_is_not_distinguishable(evaluation: Evaluation) -> None:
    judged = evaluation.test
    ours = judged.laws[OURS]
    noise = np.random.default_rng(0).choice([0.98, 1.02], size=(len(ours), 1))
    alike = replace(judged, laws={OURS: ours, "alike": np.minimum(ours * noise, 1)})
    table = compare_losses(Evaluation([alike]), draws=200)
    assert set(table["origin"]) == {"2025-04-01"}
    assert not table[table["loss"] == "CRPS"]["distinguishable"].any()


def test_segments_hold_predicted_observed_and_spend() -> None:
    law = [[0.0, 0.1, 0.5], [0.0, 0.2, 0.9], [0.0, 0.1, 0.7]]
    table = segment_table(_tiny({OURS: law}, [1, 0, 0])).set_index("group")
    assert table.index.tolist() == ["not scored", "new"]  # the likeliest first
    assert table.loc["new", ["customers", "predicted", "observed", "spend"]].tolist() == [
        2, 0.6, 0.5, 50.0,
    ]  # fmt: skip
    assert np.isnan(table.loc["new", "expected_spend"])


def test_frequency_buckets_part_everybody(evaluation: Evaluation) -> None:
    table = frequency_table(evaluation.test)
    assert table["group"].tolist() == ["0", "1-2", "3-9", "10_up"]
    assert table["share"].sum() == pytest.approx(1)


def test_samples_are_chosen_by_their_chance_and_nobody_twice() -> None:
    law = [[0.0, 0.1, p] for p in (0.1, 0.2, 0.3, 0.4, 0.5)]
    judged = _tiny({OURS: law}, [0, 0, 1, 2, 0])
    assert choose_samples(judged) == {
        "customer A": 4, "customer B": 3, "customer C": 2, "customer D": 1, "customer E": 0,
    }  # fmt: skip
    alike = _tiny({OURS: [[0.0, 0.1, 0.3]] * 4}, [0] * 4)
    assert choose_samples(alike) == {"customer A": 0}


def test_a_window_is_where_the_law_given_a_return_passes_its_shares() -> None:
    windows = sample_windows(_tiny({OURS: [[0.0, 0.2, 0.2, 0.4]]}, [3]))
    row = windows.iloc[0]
    assert (row["p_within"], row["days_to_next"]) == (0.4, 3)
    assert row[["p25", "p50", "p75"]].tolist() == pytest.approx([0.5, 1.0, 2.5])
    assert sample_windows(_tiny({OURS: [[0.0, 0.0]]}, [0])).loc[0, "p50"] == 1.0


def test_no_id_stands_in_the_samples(evaluation: Evaluation) -> None:
    for frame in (sample_laws(evaluation.test), sample_windows(evaluation.test)):
        assert "secret" not in frame.to_csv()
