"""What is judged, and the frames that are made of it."""

from dataclasses import replace

from features.builds.feature_build import build_features
from features.builds.shop_catalog import read_vocabulary
from training.evaluation.evaluation import Evaluation, evaluate, rfm_segments


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
