"""Odd shops from `check` over training and promotion to answers, which are never too certain."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import InputError
from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.windows import Window, to_datetime
from serving.bulk.offline import explain_offline, predict_offline
from serving.schemas.answer_schemas import Answer
from tests import odd_shops
from training.data_support import Support, assess
from training.labels import make_labels
from training.lifecycle.promote import promote
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import TrainingResult, train

HORIZON_DAYS = 90


@dataclass(frozen=True)
class Walked:
    """What a shop got on the way from `check` to the answers.

    Attributes
    ----------
    support : dict of str to Support
        The verdict of `check` by prediction.
    refusal : str or None
        Why training refused; then there is no training and no answer.
    trained : TrainingResult or None
        The training.
    answers : list of Answer
        At the holdout's cutoff, one for each customer.
    came : float
        The share of the customers who bought within the horizon after it.
    """

    support: dict[str, Support]
    refusal: str | None = None
    trained: TrainingResult | None = None
    answers: tuple[Answer, ...] = ()
    came: float = float("nan")

    @property
    def mean_chance(self) -> float:
        return float(np.mean([1 - a.churn.p_churn for a in self.answers if a.churn is not None]))

    def score(self, name: str) -> float:
        """Our score on the holdout."""
        assert self.trained is not None and self.trained.holdout is not None
        return float(self.trained.holdout.set_index("model")[name]["Nextbuy"])


def walk(folder: Path, orders: pd.DataFrame) -> Walked:
    """Go from `check` to the answers."""
    config = odd_shops.write_orders(folder, orders)
    shop = read_shop(config)
    log = read_log(shop)
    support = {found.prediction: found for found in assess(log)}
    try:
        trained = train(log, trials=0)
    except InputError as refusal:
        assert not shop.workspace.joinpath("mlflow.db").exists()  # before anything was fitted
        return Walked(support, str(refusal))
    promote(shop.tracking_uri)
    cutoff = holdout_cutoff(log, HORIZON_DAYS)
    build_store(log, store_target(shop), cutoff)
    ids = pd.DataFrame(
        log.fetch(f"SELECT DISTINCT customer_id FROM orders WHERE ordered_at <= {cutoff}"),
        columns=["customer_id"],
    ).sort_values("customer_id")
    window = Window(cutoff, horizon=HORIZON_DAYS)
    came = float(make_labels(log, ids, window, log.observed_until)["returned"].mean())
    log.close()
    as_of = to_datetime(cutoff).isoformat()
    answers = predict_offline(config, list(ids["customer_id"]), as_of).answers
    explain_offline(config, list(ids["customer_id"])[:3], as_of)
    return Walked(support, None, trained, tuple(answers), came)


def check_agreement(walked: Walked) -> None:
    """Hold what `check` said against what training did and what the answers say."""
    verdicts = {walked.support[name].verdict for name in ("churn", "repurchase-timing")}
    assert ("not_possible" in verdicts) == (walked.refusal is not None)
    if walked.refusal is not None:
        assert "\n" not in walked.refusal
        return
    statuses = {answer.status for answer in walked.answers}
    assert statuses == ({"ok"} if verdicts == {"supported"} else {"low_data"})
    for answer in walked.answers:
        assert ("too few" in str(answer.reason) or "hardly" in str(answer.reason)) == (
            answer.status == "low_data"
        )
        check_finite(answer)


def check_finite(answer: Answer) -> None:
    """Hold that an answer has all of its figures or none of them, each of them possible."""
    parts = (answer.churn, answer.next_purchase, answer.value)
    if answer.churn is None or answer.next_purchase is None or answer.value is None:
        assert parts == (None, None, None)
        return
    chances = [1 - answer.churn.p_churn, *answer.next_purchase.p_within.values()]
    assert all(0 < chance < 1 for chance in chances)
    assert 0 < answer.value.expected_purchases < HORIZON_DAYS + 1
    low, high = answer.next_purchase.if_returns.window_80
    assert low <= answer.next_purchase.if_returns.median_at <= high


@pytest.fixture
def no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no report, which is a quarter of the time; the oddest shops draw theirs."""
    monkeypatch.setattr("training.train.log_report", lambda *_: None)


@pytest.mark.usefixtures("no_report")
def test_subscribers_of_thirty_days_are_expected_after_thirty_days(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.subscriptions())
    check_agreement(walked)
    assert walked.support["churn"].verdict == "supported"
    assert walked.score("crps") <= 2.5


@pytest.mark.usefixtures("no_report")
def test_a_shop_with_one_sale_a_year_expects_its_customers_at_the_fifth(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.yearly_sale(years=4))
    check_agreement(walked)
    assert walked.mean_chance == pytest.approx(walked.came, abs=0.1)


@pytest.mark.usefixtures("no_report")
def test_after_one_sale_nothing_is_known_of_the_second(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.yearly_sale(years=2))
    check_agreement(walked)
    assert walked.came > 0.4
    assert {answer.churn for answer in walked.answers} == {None}


def test_nothing_is_said_where_nobody_ever_came_back(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.one_time_buyers())
    check_agreement(walked)
    assert {answer.churn for answer in walked.answers} == {None}
    assert "hardly anybody has ever come back" in str(walked.answers[0].reason)
    assert "20 more repeat purchases" in walked.support["churn"].missing[0]


def test_businesses_that_order_every_day_are_expected_tomorrow(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.daily_businesses())
    check_agreement(walked)
    assert walked.mean_chance > 0.98
    assert walked.score("crps") < 0.5


def test_half_a_year_that_is_missing_does_not_look_like_a_season(tmp_path: Path) -> None:
    walked = walk(tmp_path, odd_shops.half_a_year_missing())
    check_agreement(walked)
    assert walked.score("ece_90d") <= 0.06
    assert walked.mean_chance == pytest.approx(walked.came, abs=0.06)


@pytest.mark.usefixtures("no_report")
def test_a_small_shop_gets_the_base_rate_where_its_past_shows_nothing_better(
    tmp_path: Path,
) -> None:
    walked = walk(tmp_path, odd_shops.alike())
    check_agreement(walked)
    assert walked.trained is not None and walked.trained.holdout is not None
    losses = walked.trained.holdout.set_index("model")["log_loss_90d"]
    assert losses["Nextbuy"] == pytest.approx(losses["base rate"])
    assert losses["BG/NBD"] > losses["base rate"] + 0.01
    assert len({answer.churn.p_churn for answer in walked.answers if answer.churn}) == 1
    assert "the base rate for all" in walked.support["churn"].missing[-1]


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize(
    "orders",
    [
        pytest.param(odd_shops.ordinary(150, 730, seed=5), id="150 customers"),
        pytest.param(odd_shops.ordinary(600, 730, seed=6, growth=10), id="grows tenfold"),
        pytest.param(odd_shops.half_a_year_missing(days=479), id="the cutoff in a hole"),
    ],
)
def test_a_small_or_a_growing_shop_and_one_that_pauses_get_sane_answers(
    tmp_path: Path, orders: pd.DataFrame
) -> None:
    check_agreement(walk(tmp_path, orders))


def _walk_any(folder: Path, seed: int, monkeypatch: pytest.MonkeyPatch) -> Walked:
    # whether the gate lets so small a shop's model pass is not what is asked here
    monkeypatch.setattr("training.lifecycle.promote._check_judgement", lambda *_: None)
    walked = walk(folder, odd_shops.any_shop(seed))
    check_agreement(walked)
    return walked


@pytest.mark.usefixtures("no_report")
@pytest.mark.parametrize("seed", range(5))
def test_any_shop_is_trained_or_refused_and_answered_in_finite_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    _walk_any(tmp_path, seed, monkeypatch)


@pytest.mark.slow
def test_of_a_hundred_shops_at_least_half_are_trained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    walks = [_walk_any(tmp_path / f"{seed}", seed, monkeypatch) for seed in range(100)]
    assert sum(walked.trained is not None for walked in walks) >= 50
