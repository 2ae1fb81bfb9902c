"""What the service recommends is what the study of policies values: one rule for both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.arrays import History, object_array
from features.log.identities import customers_of_accounts
from features.shop.shop import Shop, read_shop
from models.arms import arms_with_none
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel, Evidence
from models.channel.recommend import Options
from models.registry import Champions
from serving.answers.channels import fill_in_channels
from serving.answers.predictor import load_predictor
from serving.answers.situations import make_situations
from serving.schemas.answer_schemas import Answer, Channel
from tests.step_world import draw_messages, fit_exploring
from training.channel.draws.options_at_sending import options_before, read_options
from training.channel.policies import recommend_all

CHANNELS = ("email", "sms")
AS_OF = 1_700_000_000_000_000
ENOUGH, TOO_FEW = 500, 10  # randomised sends of an arm, for its effect to be identified or not


@dataclass(frozen=True)
class Contact:
    """A customer of the property test: consents, preference, messages of the last week."""

    consents: frozenset[str]
    preferred: str | None
    recent: float

    @property
    def history(self) -> History:
        scopes = sorted(self.consents)
        instants = np.full(len(scopes), float(AS_OF))
        consents = {
            "changed_at": instants,
            "known_at": instants,
            "scope": object_array(scopes),
            "granted": np.ones(len(scopes)),
            "store": object_array([None] * len(scopes)),
        }
        attributes = {
            "known_at": np.array([float(AS_OF)]),
            "attribute": object_array(["preferred_channel"]),
            "value": object_array([self.preferred]),
        }
        return {"consents": consents, "attributes": attributes}


CONTACTS = st.lists(
    st.builds(
        Contact,
        st.frozensets(st.sampled_from(CHANNELS)),
        st.sampled_from([None, "email", "sms", "fax", "none"]),
        st.sampled_from([0.0, 2.0]),
    ),
    min_size=1,
    max_size=6,
)
ORDERS = st.lists(st.sampled_from(["email", "sms", "phone", "none"]), unique=True)


@st.composite
def _models(draw: st.DrawFn, fitted: ChannelModel) -> ChannelModel:
    """Change a fitted model so that its arms are often worth exactly the same.

    No effect depends on a trait, so that equal levels are equal effects, and a level of 0 is the
    effect of no message. Some of the arms are identified; `none` may never have been logged.
    """
    level = draw(st.sampled_from(["observational", "exploring", "rich"]))
    logged = [*CHANNELS, *draw(st.sampled_from([[], ["none"]]))]
    counts = {arm: draw(st.sampled_from([ENOUGH, TOO_FEW])) for arm in sorted(logged)}
    width = len(fitted.effects.means[0])
    means = [[draw(st.sampled_from([0.0, 0.3])), *[0.0] * (width - 1)] for _ in CHANNELS]
    effects = msgspec.structs.replace(fitted.effects, means=means)
    corrected = draw(st.sets(st.sampled_from(CHANNELS))) if level == "rich" else set()
    return msgspec.structs.replace(
        fitted,
        level=level,
        spend=draw(st.sampled_from([0.0, 4000.0])),
        effects=effects,
        evidence={arm: Evidence(1000, 100, count) for arm, count in counts.items()},
        mean_p={arm: draw(st.sampled_from([0.1, 0.2])) for arm in counts},
        corrections={arm: fitted.base for arm in corrected},
    )


@pytest.fixture(scope="module")
def fitted() -> ChannelModel:
    return fit_exploring(draw_messages(3000, 0.5, seed=0)[0])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    path = tmp_path_factory.mktemp("shop") / "nextbuy.toml"
    Path(path).write_text('[tables.orders]\npath = "orders.csv"\n')
    return read_shop(path)


def _served(
    model: ChannelModel, shop: Shop, histories: Mapping[str, History], features: pd.DataFrame
) -> list[Channel]:
    answers = {i: Answer(customer_id=i, status="ok", reason=None) for i in histories}
    columns = {name: features[name].to_numpy() for name in features}
    situations = make_situations(model, shop, histories, AS_OF, None)
    fill_in_channels(model, shop, answers, histories, columns, situations)
    return [answer.channel for answer in answers.values() if answer.channel is not None]


def _studied(
    model: ChannelModel, shop: Shop, histories: Mapping[str, History], features: pd.DataFrame
) -> list[str]:
    """Recommend as the study does for messages that were sent just after the service was asked."""
    sent = {"customer_id": list(histories), "sent_at": AS_OF + 1, "channel": "none"}
    options = options_before(
        histories, pd.DataFrame(sent), arms_with_none(model.channels), shop.rules
    )
    return _recommended(model, shop, features, options)


def _recommended(
    model: ChannelModel, shop: Shop, features: pd.DataFrame, options: Options
) -> list[str]:
    worth, order = MessageValue.of_shop(shop), shop.channels.default_order
    columns = recommend_all(model, features, options, worth, order)
    return [options.arms[column] for column in columns]


def _expected(model: ChannelModel, order: Sequence[str], channel: Channel) -> tuple[str, Any]:
    """Apply the written rule to one answer: the recommended arm and the runner-up."""
    eligible = {ranked.channel: ranked for ranked in channel.ranking if ranked.eligible}
    if model.level == "observational":
        rates = sorted(model.mean_p, key=lambda arm: (-model.mean_p[arm], arm))
        followed = list(order) or [arm for arm in rates if arm != "none"]
        return next((arm for arm in followed if arm in eligible), "none"), None
    known = sorted(
        (arm for arm, ranked in eligible.items() if ranked.expected_margin is not None),
        key=lambda arm: (
            -eligible[arm].expected_margin,
            arm != channel.preferred,
            arm != "none",
            arm,
        ),
    )
    first, second = [*known, None, None][:2]
    return first or "none", second


@given(data=st.data(), contacts=CONTACTS, order=ORDERS)
@settings(max_examples=150, deadline=None)
def test_what_is_served_is_what_is_studied(
    fitted: ChannelModel, shop: Shop, data: st.DataObject, contacts: list[Contact], order: list[str]
) -> None:
    model = data.draw(_models(fitted))
    section = msgspec.structs.replace(
        shop.channels,
        default_order=order,
        cost=data.draw(st.sampled_from([{}, {"sms": 1.0}, {"email": 0.5, "sms": 0.5}])),
        fatigue=data.draw(st.sampled_from([0.0, 0.01])),
    )
    asked = msgspec.structs.replace(shop, channels=section)
    histories = {f"c{n}": contact.history for n, contact in enumerate(contacts)}
    features = draw_messages(6, 0.5, seed=1)[0].iloc[: len(contacts)]
    features = features.assign(messages_count_7d=[contact.recent for contact in contacts])
    served = _served(model, asked, histories, features)
    assert [c.recommended for c in served] == _studied(model, asked, histories, features)
    for contact, channel in zip(contacts, served, strict=True):
        assert (channel.recommended, channel.runner_up) == _expected(model, order, channel)
        assert channel.preferred == contact.preferred
        assert channel.recommended in contact.consents | {"none"}


@pytest.mark.parametrize(
    ("level", "order"),
    [
        ("exploring", ["none", "email", "sms"]),
        ("observational", []),
        ("observational", ["web_push", "none", "email"]),
    ],
)
def test_the_service_and_the_study_of_a_shop_agree_on_every_customer(
    simulated: Any, level: str, order: list[str]
) -> None:
    """The service reads the history store, the study the log."""
    predictor = load_predictor(simulated.shop, 48, 24)
    section = msgspec.structs.replace(simulated.shop.channels, default_order=order)
    shop = msgspec.structs.replace(simulated.shop, channels=section)
    version = predictor.champions.by_kind["best-channel"]
    model = version.model
    if level == "observational":
        evidence = {
            arm: msgspec.structs.replace(counts, randomised=0)
            for arm, counts in model.evidence.items()
        }
        model = msgspec.structs.replace(model, level=level, evidence=evidence)
    by_kind = {**predictor.champions.by_kind, "best-channel": replace(version, model=model)}
    predictor = replace(predictor, champions=Champions(by_kind), shop=shop)
    computed = predictor.compute_answers(predictor.store.customer_ids(), simulated.cutoff)
    served = [computed.answers[i].channel.recommended for i in computed.histories]
    asked = pd.Series(list(computed.histories))
    customers = customers_of_accounts(
        simulated.log, asked, simulated.cutoff
    )  # an account may be another's
    sent = pd.DataFrame({"customer_id": customers, "channel": "none"})
    sent = sent.assign(sent_at=simulated.cutoff + 1)
    arms = arms_with_none(model.channels)
    options = read_options(simulated.log, sent, arms, simulated.cutoff, shop.rules)
    assert served == _recommended(model, shop, pd.DataFrame(computed.features), options)
    assert len(served) > 1000
    assert len(set(served)) > 1
