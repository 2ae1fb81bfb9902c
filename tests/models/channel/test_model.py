"""Tests of the channel model on messages whose true effects are known."""

import msgspec
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from features.arrays import Floats
from models.boosters.booster import BoosterSettings
from models.channel.channel_fit import fit_channel
from models.channel.draws import add_chances
from models.channel.effects.arm_effects import ArmEffects
from models.channel.effects.traits import Trait
from models.channel.message_value import MessageValue
from models.channel.model import (
    MIN_RANDOMISED,
    ChannelModel,
    ChannelPredictions,
    ChannelTraits,
    Evidence,
)
from models.channel.recommend import Options, best_shares

ARMS = ("email", "none", "sms")
TRUE_EFFECT = {"email": 0.3, "none": 0.0, "sms": 0.6}
SMS_SLOPE = 0.5  # of a liking, whose click rate is what the shop sees of it
TRAITS = ChannelTraits(
    [Trait("frequency", "log1p")],
    {arm: [Trait(f"{arm}_click_rate_182d", "logit")] for arm in ("email", "sms")},
)


def _rows(n: int, randomised: float, seed: int = 0) -> pd.DataFrame:
    """Messages whose true effects are known; the targeting prefers e-mail for likely buyers."""
    rng = np.random.default_rng(seed)
    likely, liking = rng.normal(0, 1, n), rng.normal(0, 1, n)
    channel = np.where(likely > 0, "email", "sms").astype(object)
    at_random = rng.random(n) < randomised
    channel[at_random] = rng.choice(ARMS, at_random.sum())
    effect = np.array([TRUE_EFFECT[c] for c in channel])
    score = -2 + likely + effect + SMS_SLOPE * liking * (channel == "sms")
    bought = rng.random(n) < expit(score)
    rows = pd.DataFrame(
        {
            "customer_id": rng.integers(0, n // 2, n).astype(str),
            "channel": channel,
            "randomised": at_random,
            "propensity": np.where(at_random, 1 / 3, np.nan),
            "bought": bought,
            "spend": np.where(bought, 4000.0, 0.0),
            "likely": likely + rng.normal(0, 1.0, n),
            "frequency": rng.poisson(2, n).astype(float),
            "email_click_rate_182d": 0.05,
            "sms_click_rate_182d": expit(-3 + liking),
        }
    )
    return add_chances(rows, ARMS, np.ones((n, len(ARMS)), dtype=bool))


def _fit(rows: pd.DataFrame) -> ChannelModel:
    return fit_channel(rows, 7, ["likely"], TRAITS, BoosterSettings(), seed=1)


@pytest.fixture(scope="module")
def exploring() -> ChannelModel:
    return _fit(_rows(30_000, 0.3))


def test_randomised_sends_identify_the_uplift(exploring: ChannelModel) -> None:
    assert exploring.level == "exploring"
    assert set(exploring.identified) == set(ARMS)
    rows = _rows(20_000, 1.0, seed=9)
    uplift, rates = exploring.uplift(rows), rows.groupby("channel")["bought"].mean()
    for arm in ("email", "sms"):
        true = rates[arm] - rates["none"]
        # three standard errors of 3,000 sends
        assert uplift[arm].value.mean() == pytest.approx(true, abs=0.03)
        assert (uplift[arm].low < uplift[arm].value).all()
        assert (uplift[arm].value < uplift[arm].high).all()
    assert exploring.fixed_order[0] == "sms"


def test_predictions_are_calibrated_where_arms_are_drawn(exploring: ChannelModel) -> None:
    rows = _rows(20_000, 1.0, seed=8)
    for arm, p in exploring.predict(rows).items():
        sent = (rows["channel"] == arm).to_numpy()
        assert p[sent].mean() == pytest.approx(rows["bought"][sent].mean(), abs=0.03)


def test_the_targeting_alone_would_have_ranked_them_wrongly() -> None:
    """What the level is for: by raw rates e-mail looks best, because likely buyers get it."""
    rates = _rows(30_000, 0.0).groupby("channel")["bought"].mean()
    assert rates["email"] > rates["sms"]


@pytest.mark.parametrize("rows", [_rows(3000, 0.0), _rows(3000, 0.1)])
def test_too_few_randomised_sends_give_associations_only(rows: pd.DataFrame) -> None:
    assert rows.loc[rows["randomised"], "channel"].value_counts().min() < MIN_RANDOMISED or (
        not rows["randomised"].any()
    )
    model = _fit(rows)
    assert model.level == "observational"
    assert model.identified == []
    assert model.uplift(rows) == {}
    assert not model.compute_predictions(rows).surely_beats(*model.fixed_order[::-1][:2]).any()


def test_an_arm_that_was_never_drawn_has_no_uplift_and_no_place_in_the_order() -> None:
    rows = _rows(30_000, 0.3)
    rows = rows[(rows["channel"] != "email") | ~rows["randomised"]]
    model = _fit(rows)
    assert model.identified == ["none", "sms"]
    assert set(model.uplift(rows)) == {"sms"}
    assert "email" not in model.fixed_order


def test_without_a_drawn_no_message_there_is_a_ranking_but_no_uplift() -> None:
    rows = _rows(30_000, 0.3)
    model = _fit(rows[rows["channel"] != "none"])
    assert model.level == "exploring"
    assert model.uplift(rows) == {}
    assert model.fixed_order[0] == "sms"


def test_a_channel_surely_beats_another_where_the_draws_say_so(
    exploring: ChannelModel,
) -> None:
    best, worst = exploring.fixed_order[0], exploring.fixed_order[-1]
    dislikes = _rows(100, 1.0).assign(sms_click_rate_182d=expit(-7))
    likes = _rows(100, 1.0).assign(sms_click_rate_182d=expit(-1))
    assert not exploring.compute_predictions(likes).surely_beats(best, best).any()
    assert not exploring.compute_predictions(likes).surely_beats(worst, best).any()
    assert exploring.compute_predictions(dislikes).surely_beats("email", best).all()
    assert not exploring.compute_predictions(likes).surely_beats("email", best).any()


def test_predictions_of_some_customers_are_those_of_all(exploring: ChannelModel) -> None:
    rows = _rows(100, 1.0)
    some = np.arange(100) % 3 == 0
    reading, arms = exploring.compute_predictions(rows), exploring.fixed_order[:2]
    taken = reading.take(some)
    assert taken.p["email"].tolist() == reading.p["email"][some].tolist()
    assert taken.surely_beats(*arms).tolist() == reading.surely_beats(*arms)[some].tolist()


def test_draws_of_the_posterior_spread_around_the_prediction(exploring: ChannelModel) -> None:
    rows = _rows(5, 1.0)
    drawn, p = exploring.compute_predictions(rows).draw_posterior(), exploring.predict(rows)
    for arm in ARMS:
        assert drawn[arm].shape == (1000, 5)
        assert drawn[arm].mean(axis=0) == pytest.approx(p[arm], rel=0.05)
    assert drawn["sms"].std(axis=0).min() > 0
    assert (
        exploring.compute_predictions(rows).draw_posterior()["sms"] == drawn["sms"]
    ).all()  # a prediction is reproducible


# A posterior of the effects of e-mail and sms that is known, each over a constant and one trait.
MEANS = np.array([[0.3, 0.2], [0.5, -0.1]])
SPREAD = np.array([[0.2, 0, 0, 0], [0, 0.1, 0, 0], [0.15, 0, 0.1, 0], [0, 0.05, 0, 0.1]])
UNEXPLAINED = [0.02, 0.05]


def _known_posterior(exploring: ChannelModel, trait: Floats) -> ChannelPredictions:
    covariance = (SPREAD @ SPREAD.T).tolist()
    effects = ArmEffects([0.0, 0.0], MEANS.tolist(), covariance, UNEXPLAINED)
    model = msgspec.structs.replace(exploring, effects=effects)
    design = np.repeat(np.column_stack([np.ones(len(trait)), trait])[:, None], 2, axis=1)
    means = np.einsum("nap,ap->na", design, MEANS)
    score = np.full(len(trait), -2.0)
    return ChannelPredictions(model, score, {"email": means[:, 0], "sms": means[:, 1]}, design)


def _true_effects(predictions: ChannelPredictions, draws: int = 20_000) -> dict[str, Floats]:
    """Draw effects (draws, rows) from the known posterior and from what traits do not explain."""
    rng = np.random.default_rng(5)
    off = (rng.normal(size=(draws, 4)) @ SPREAD.T).reshape(draws, 2, 2)
    off_by_row = np.einsum("nap,dap->dna", predictions.design, off)
    off_by_row += rng.normal(0, np.sqrt(UNEXPLAINED), size=off_by_row.shape)
    means = predictions.effects
    return {arm: means[arm] + off_by_row[..., place] for place, arm in enumerate(means)}


def test_the_interval_of_an_uplift_holds_nine_of_ten_true_uplifts(
    exploring: ChannelModel,
) -> None:
    predictions = _known_posterior(exploring, np.array([-2.0, 0.0, 1.0]))
    for arm, effect in _true_effects(predictions).items():
        uplift = predictions.uplift[arm]
        true = expit(predictions.score + effect) - expit(predictions.score)
        for outside in (true < uplift.low, true > uplift.high):
            assert outside.mean(axis=0) == pytest.approx(0.05, abs=0.01)


def test_an_arm_surely_beats_another_where_it_is_better_in_nine_of_ten_true_worlds(
    exploring: ChannelModel,
) -> None:
    predictions = _known_posterior(exploring, np.linspace(-6, 6, 49))
    true = _true_effects(predictions, 10_000) | {"none": np.zeros((1, 49))}
    for arm, other in (("email", "none"), ("sms", "none"), ("email", "sms"), ("sms", "email")):
        better = (true[arm] > true[other]).mean(axis=0)
        told = predictions.surely_beats(arm, other)
        clear = np.abs(better - 0.9) > 0.01
        assert told[clear].tolist() == (better > 0.9)[clear].tolist()
        assert {True, False} == set((better > 0.9)[clear])


def test_draws_of_the_posterior_are_as_wide_and_as_alike_as_it_is(
    exploring: ChannelModel,
) -> None:
    trait = 1.0
    predictions = _known_posterior(exploring, np.array([trait]))
    drawn = predictions.draw_posterior()
    found = np.cov([(logit(drawn[arm]) - predictions.score)[:, 0] for arm in ("email", "sms")])
    by_arm = np.kron(np.eye(2), [1.0, trait]) @ SPREAD
    np.testing.assert_allclose(found, by_arm @ by_arm.T, rtol=0.15)


def test_an_arm_has_the_share_of_the_draws_in_which_it_is_worth_most(
    exploring: ChannelModel,
) -> None:
    rows = _rows(3, 1.0).assign(sms_click_rate_182d=expit(np.array([-7.0, -3.0, 0.0])))
    allowed_arms = [{"email", "none", "sms"}] * 2 + [{"email", "none"}]
    options = Options.unrestricted(ARMS, 3)
    options.eligible[2, ARMS.index("sms")] = False
    shares = best_shares(exploring, MessageValue(), rows, options)
    for found, allowed in zip(shares, allowed_arms, strict=True):
        assert set(found) == allowed
        assert sum(found.values()) == pytest.approx(1)
    assert shares[1]["sms"] > 0.9 > shares[0]["sms"]
    fax = msgspec.structs.replace(exploring, evidence={"fax": Evidence(500, 50, 500)})
    only_fax = Options.unrestricted(["fax", "none"], 1)
    assert best_shares(fax, MessageValue(), rows[:1], only_fax) == [{"none": 1.0}]


def test_draws_that_are_worth_the_same_go_to_the_preferred_channel_then_to_none(
    exploring: ChannelModel,
) -> None:
    nothing_is_spent = msgspec.structs.replace(exploring, spend=0.0)
    options = Options.of(ARMS, np.ones((2, 3), dtype=bool), ["sms", None])
    shares = best_shares(nothing_is_spent, MessageValue(), _rows(2, 1.0), options)
    assert [max(of_row, key=of_row.get) for of_row in shares] == ["sms", "none"]


def test_one_row_and_many_are_answered_alike(exploring: ChannelModel) -> None:
    rows = _rows(50, 1.0)
    many = exploring.predict(rows)["sms"]
    alone = [exploring.predict(rows.iloc[[i]])["sms"][0] for i in range(50)]
    assert alone == pytest.approx(many.tolist(), abs=1e-12)


def test_unequal_propensities_are_weighed_out() -> None:
    """A policy that draws sms for likely buyers, by what the model does not know."""
    rng = np.random.default_rng(3)
    rows = _rows(40_000, 1.0, seed=3)
    hidden = rng.random(len(rows)) < 0.5
    chance = np.where(hidden, 0.8, 0.2)
    sms = rng.random(len(rows)) < chance
    score = -2 + 1.5 * hidden
    rows = rows.assign(
        channel=np.where(sms, "sms", "none"),
        propensity=np.where(sms, chance, 1 - chance),
        bought=rng.random(len(rows)) < expit(score),
        likely=0.0,
        sms_click_rate_182d=0.05,
    )
    rows = add_chances(rows, ["none", "sms"], np.ones((len(rows), 2), dtype=bool))
    found = _fit(rows).uplift(rows)["sms"].value.mean()
    raw = rows.groupby("channel")["bought"].mean()
    assert raw["sms"] - raw["none"] > 0.1
    assert found == pytest.approx(0, abs=0.02)
