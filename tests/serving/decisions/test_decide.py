"""Decisions in process: what is drawn, what is written down, and what is refused."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from pydantic import ValidationError

from features.errors import InputError
from features.ledgers.decisions import decisions_path
from features.log.log import read_log
from features.shop.pseudonyms import pseudonym
from features.shop.shop import Shop, read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.windows import to_datetime
from models.channel.eligibility import Eligibility
from models.channel.exploration import draw_at
from models.registry import Champions
from nextbuy.simulator.simulator import simulate_shop
from serving.answers.predictor import Predictor, load_predictor
from serving.bulk.audience import decide_audience, to_frame
from serving.decisions.decide import DecisionMaker, policy_version
from serving.http.events import EventPosting
from serving.schemas.decision_schemas import Decided, DecisionsRequest, DecisionsResponse
from serving.schemas.event_schemas import EventsRequest
from training.lifecycle.promote import promote
from training.purchase.slices import holdout_cutoff
from training.train import train


class Desk:
    """Asks for decisions of a shop of 300 customers at one instant."""

    def __init__(self, folder: Path) -> None:
        self.shop: Shop = read_shop(simulate_shop(folder, 300))
        log = read_log(self.shop)
        self.cutoff = holdout_cutoff(log, self.shop.section.horizon_days)
        train(log, ["best-channel"], trials=0)
        promote(self.shop.tracking_uri)
        build_store(log, store_path(self.shop), self.cutoff)
        self.predictor: Predictor = load_predictor(self.shop, 48, 24)
        self.ids: list[str] = self.predictor.store.customer_ids()

    def decide(
        self, ids: list[str], key: str, predictor: Predictor | None = None, **settings: Any
    ) -> list[Decided]:
        return self.respond(ids, key, predictor, **settings).decisions

    def respond(
        self, ids: list[str], key: str, predictor: Predictor | None = None, **settings: Any
    ) -> DecisionsResponse:
        section = msgspec.structs.replace(self.shop.decisions, **settings)
        decisions = DecisionMaker(msgspec.structs.replace(self.shop, decisions=section))
        try:
            return decisions.decide(predictor or self.predictor, self.request(ids, key))
        finally:
            decisions.close()

    def request(self, ids: list[str], key: str) -> DecisionsRequest:
        asking = [{"customer_id": i, "campaign": "autumn", "key": key} for i in ids]
        as_of = to_datetime(self.cutoff).isoformat()
        return DecisionsRequest.model_validate({"decisions": asking, "as_of": as_of})

    def logged(self, key: str) -> list[str]:
        """Give the ids of the decisions that are written down."""
        with sqlite3.connect(decisions_path(self.shop)) as connection:
            rows = connection.execute("SELECT decision_id FROM decisions WHERE key = ?", [key])
            found = [row[0] for row in rows]
        connection.close()
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    yield Desk(tmp_path_factory.mktemp("desk"))


def test_every_customer_with_a_ranking_gets_an_eligible_arm_at_its_logged_chance(
    desk: Desk,
) -> None:
    response = desk.respond([*desk.ids, "nobody"], "every")
    answers = desk.predictor.predict([*desk.ids, "nobody"], desk.cutoff).answers
    assert len(response.decisions) == len(answers)
    for decided, answer in zip(response.decisions, answers, strict=True):
        assert decided.customer_id == answer.customer_id
        if answer.channel is None:
            assert (decided.status, decided.reason) == (answer.status, answer.reason)
            assert decided.channel is decided.decision_id is decided.eligible is None
            continue
        allowed = {ranked.channel for ranked in answer.channel.ranking if ranked.eligible}
        assert decided.status == "ok"
        assert decided.eligible.keys() == allowed
        assert sum(decided.eligible.values()) == pytest.approx(1)
        assert max(decided.eligible, key=decided.eligible.get) == answer.channel.recommended
        assert decided.propensity == decided.eligible[decided.channel]
        assert (decided.expires_at - decided.decided_at).total_seconds() == 24 * 3600
        assert not decided.repeated
    made = [d.decision_id for d in response.decisions if d.status == "ok"]
    assert desk.logged("every") == made
    assert len(made) > 250
    statuses = Counter(decided.status for decided in response.decisions)
    assert statuses["unknown_customer"] == 1
    assert statuses["refused"] > 0


def test_a_share_is_drawn_at_random_and_a_share_held_out(desk: Desk) -> None:
    decided = desk.decide(desk.ids, "shares", explore=0.5, control=0.25)
    arms = Counter(d.arm for d in decided if d.status == "ok")
    n = sum(arms.values())
    for arm, share in (("random", 0.5), ("control", 0.25), ("optimised", 0.25)):
        assert abs(arms[arm] / n - share) < 4 * (share * (1 - share) / n) ** 0.5
    assert all(d.channel == "none" for d in decided if d.arm == "control")


def test_a_draw_follows_from_the_policy_the_customer_and_the_key(desk: Desk) -> None:
    (decided,) = desk.decide(desk.ids[:1], "hash", explore=1.0)
    parts = (decided.policy_version, desk.ids[0], "autumn", "hash")
    arms = sorted(decided.eligible)
    assert decided.channel == arms[int(draw_at(*parts) * len(arms))]


def test_the_same_key_gives_the_same_decision_whatever_the_policy_has_become(desk: Desk) -> None:
    first = desk.decide(desk.ids, "same")
    again = desk.decide(desk.ids, "same", explore=1.0)
    assert [d.model_copy(update={"repeated": d.status == "ok"}) for d in first] == again
    assert desk.logged("same") == [d.decision_id for d in first if d.status == "ok"]


def test_a_customer_twice_in_a_request_is_decided_once(desk: Desk) -> None:
    customer = next(d.customer_id for d in desk.decide(desk.ids, "find") if d.status == "ok")
    one, other = desk.decide([customer, customer], "twice")
    assert (one.repeated, other.repeated) == (False, True)
    assert one.decision_id == other.decision_id
    assert desk.logged("twice") == [one.decision_id]


def test_no_decision_is_made_without_a_model_or_with_an_old_store(desk: Desk) -> None:
    without = replace(desk.predictor, champions=Champions({}))
    (decided,) = desk.decide(desk.ids[:1], "without", without)
    assert (decided.status, decided.retry_after) == ("unavailable", 3600)
    assert decided.channel is None
    assert "no model has been promoted" in decided.reason
    decisions = DecisionMaker(desk.shop)
    request = desk.request(desk.ids[:1], "without").model_copy(update={"as_of": None})
    (decided,) = decisions.decide(desk.predictor, request).decisions
    decisions.close()
    assert "the history store ends" in decided.reason
    assert desk.logged("without") == []


def test_without_a_best_channel_model_there_are_answers_and_no_decisions(
    simulated,
) -> None:
    predictor = load_predictor(simulated.shop, 48, 24)
    kinds = simulated.champions.by_kind
    others = Champions({kind: v for kind, v in kinds.items() if kind != "best-channel"})
    asking = {"customer_id": predictor.store.customer_ids()[0], "campaign": "a", "key": "none"}
    as_of = to_datetime(simulated.cutoff).isoformat()
    request = DecisionsRequest.model_validate({"decisions": [asking], "as_of": as_of})
    decisions = DecisionMaker(simulated.shop)
    (decided,) = decisions.decide(replace(predictor, champions=others), request).decisions
    decisions.close()
    assert decided.status == "unavailable"
    assert "no best-channel model has been promoted" in decided.reason


def test_a_channel_that_may_not_be_used_any_more_is_not_given_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {d.customer_id: d for d in desk.decide(desk.ids, "withdrawn") if d.status == "ok"}

    def refuse_all(channel: str, *_: Any) -> Eligibility:
        return Eligibility(channel, channel == "none", None if channel == "none" else "no consent")

    monkeypatch.setattr("serving.answers.channels.check_eligibility", refuse_all)
    again = desk.decide(list(first), "withdrawn")
    for decided in again:
        before = first[decided.customer_id]
        assert decided.repeated
        assert decided.decision_id == before.decision_id
        if before.channel == "none":
            assert (decided.status, decided.channel) == ("ok", "none")
        else:
            assert (decided.status, decided.channel) == ("refused", None)
            assert decided.reason == (
                f"{before.channel} was decided and may not be used now: no consent"
            )
    assert {d.status for d in again} == {"ok", "refused"}
    fresh = desk.decide(list(first), "after it")
    assert {(d.channel, d.propensity) for d in fresh} == {("none", 1.0)}


def test_thompson_takes_each_channel_as_often_as_it_may_be_best(desk: Desk) -> None:
    model = desk.predictor.champions.channel
    assert model is not None
    decided = desk.decide(desk.ids, "thompson", method="thompson", explore=0.0, floor=0.0)
    made = [d for d in decided if d.status == "ok"]
    for one in made:
        assert sum(one.eligible.values()) == pytest.approx(1)
        assert one.propensity > 0
    torn = [max(one.eligible.values()) < 0.99 for one in made if len(one.eligible) > 1]
    assert any(torn) == (model.level != "observational")


def test_the_policy_is_named_by_model_and_settings_but_not_by_the_database(desk: Desk) -> None:
    def named(version: str = "3", **settings: Any) -> str:
        section = msgspec.structs.replace(desk.shop.decisions, **settings)
        shop = msgspec.structs.replace(desk.shop, decisions=section)
        return policy_version(shop, {"best-channel": version, "churn": "1"})

    assert named().startswith("3-")
    assert named(url="postgresql://h/d") == named()
    assert len({named(), named("4"), named(explore=0.2), named(floor=0.0)}) == 4


def test_only_a_simulated_shop_is_asked_as_of_an_earlier_instant(desk: Desk) -> None:
    section = msgspec.structs.replace(desk.shop.section, simulated=False)
    decisions = DecisionMaker(msgspec.structs.replace(desk.shop, section=section))
    with pytest.raises(InputError, match="as_of: expected no such field: a decision is made now"):
        decisions.decide(desk.predictor, desk.request(desk.ids[:1], "as_of"))
    decisions.close()


def decide_file(desk: Desk, folder: Path, text: str, out: str = "out.csv", key: str = "file"):
    audience = folder / "audience.csv"
    audience.write_text(text)
    as_of = to_datetime(desk.cutoff).isoformat()
    shop = desk.shop.root / "nextbuy.toml"
    return decide_audience(shop, audience, folder / out, "autumn", key, as_of)


def test_an_audience_is_decided_in_batches_and_again_to_the_same(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serving.bulk.audience.MAX_CUSTOMERS", 7)
    asked = [*desk.ids[:20], "nobody", desk.ids[0]]
    text = "\n".join(["segment,customer_id", *(f"x,{i}" for i in asked)])
    frame = decide_file(desk, tmp_path, text)
    assert frame["customer_id"].tolist() == asked
    served = desk.decide(asked, "file")
    for name in ("decision_id", "channel", "arm", "propensity", "status"):
        assert [v if pd.notna(v) else None for v in frame[name]] == [
            getattr(d, name) for d in served
        ]
    written = pd.read_csv(tmp_path / "out.csv", keep_default_na=False, dtype=str)
    assert written["channel"].tolist() == [d.channel or "" for d in served]
    eligible = [json.loads(text) if text else None for text in written["eligible"]]
    assert eligible == [d.eligible for d in served]
    again = decide_file(desk, tmp_path, text, "out.parquet")
    read = pd.read_parquet(tmp_path / "out.parquet")
    assert read["decision_id"].tolist() == frame["decision_id"].tolist()
    assert (again["repeated"] == (again["status"] == "ok")).all()


def test_what_is_written_of_a_pseudonymised_shop_has_pseudonyms(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXTBUY_PSEUDONYM_KEY", "k" * 32)
    section = msgspec.structs.replace(desk.shop.section, pseudonymise=True)
    shop = msgspec.structs.replace(desk.shop, section=section)
    (decided,) = desk.decide(["nobody"], "pseudonym")
    assert to_frame(shop, [decided])["customer_id"].tolist() == [pseudonym(b"k" * 32, "nobody")]


@pytest.mark.parametrize(
    ("text", "out", "key", "says"),
    [
        ("id\nc\n", "out.csv", "k", "--audience: expected a column customer_id, got columns id"),
        (
            "customer_id,x\nc,1\n,2\n",
            "out.csv",
            "k",
            "a customer_id in every row, got none in row 2",
        ),
        ("", "out.csv", "k", "--audience: expected a table with a header"),
        ("customer_id\nc\n", "out.xlsx", "k", r"--out: expected a file .csv or .parquet"),
        ("customer_id\nc\n", "out.csv", "", "key: expected what POST /v1/decisions takes"),
    ],
)
def test_an_audience_that_cannot_be_read_or_written_is_refused(
    desk: Desk, tmp_path: Path, text: str, out: str, key: str, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        decide_file(desk, tmp_path, text, out, key)
    assert not (tmp_path / out).exists()


ASKING = {"customer_id": "c", "campaign": "a", "key": "k"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decisions": [ASKING | {"channel": "email"}]},
        {"decisions": [{"customer_id": "c", "campaign": "a"}]},
        {"decisions": [ASKING | {"key": ""}]},
        {"decisions": [ASKING | {"key": "a\0b"}]},
        {"decisions": [ASKING | {"campaign": "\ud800"}]},
        {"decisions": [ASKING | {"campaign": "x" * 201}]},
        {"decisions": [ASKING] * 5001},
    ],
)
def test_a_request_of_another_form_is_refused(body: dict) -> None:
    with pytest.raises(ValidationError):
        DecisionsRequest.model_validate(body)


def test_what_was_decided_is_told_back_with_the_message(desk: Desk) -> None:
    """Of no message too: without it nobody could learn what a message changes."""
    decided = [d for d in desk.decide(desk.ids, "told", control=0.3) if d.status == "ok"]
    rows = [
        {
            "message_id": decision.decision_id,
            "customer_id": decision.customer_id,
            "sent_at": decision.decided_at.isoformat(),
            **decision.model_dump(include={"decision_id", "channel", "arm", "propensity"}),
        }
        for decision in decided
    ]
    assert "none" in {row["channel"] for row in rows}
    events = EventPosting(desk.shop)
    assert events.post(EventsRequest(messages=rows)).accepted == len(rows)
    events.close()
    told = read_log(desk.shop).fetch(
        "SELECT decision_id, channel, arm, propensity FROM messages "
        "WHERE message_id = decision_id ORDER BY 1"
    )
    expected = sorted((d.decision_id, d.channel, d.arm, d.propensity) for d in decided)
    assert [tuple(row) for row in told] == expected
