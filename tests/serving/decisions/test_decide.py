"""Decisions in process: what is drawn, what is written down, and what is refused."""

from collections import Counter
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pytest

from features.arrays import object_array
from features.errors import InputError
from features.ledgers.decisions import open_decisions
from features.log.log import read_log
from features.windows import DAY, to_datetime
from models.channel.eligibility import Eligibility
from models.channel.exploration import draw_position
from models.channel.recommend import latest_attribute
from models.registry import Champions
from serving.answers.predictor import load_predictor
from serving.decisions.decide import DecisionMaker, find_cluster, make_policy_version
from serving.http.events import EventPosting
from serving.schemas.decision_schemas import Decided, DecisionsRequest
from serving.schemas.event_schemas import EventsRequest
from tests.serving.desk import Desk


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
    assert decided.channel == arms[int(draw_position(*parts) * len(arms))]


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
    predictor.close()
    assert decided.status == "unavailable"
    assert "no best-channel model has been promoted" in decided.reason


def test_a_channel_that_may_not_be_used_any_more_is_not_given_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {d.customer_id: d for d in desk.decide(desk.ids, "withdrawn") if d.status == "ok"}

    def refuse_all(channel: str, *_: Any) -> Eligibility:
        return Eligibility(channel, channel == "none", None if channel == "none" else "no consent")

    monkeypatch.setattr("serving.answers.situations.check_eligibility", refuse_all)
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
        return make_policy_version(shop, {"best-channel": version, "churn": "1"})

    assert named().startswith("3-")
    assert named(url="postgresql://h/d") == named()
    assert len({named(), named("4"), named(explore=0.2), named(floor=0.0)}) == 4


def test_only_a_simulated_shop_decides_as_of_an_earlier_instant(desk: Desk) -> None:
    section = msgspec.structs.replace(desk.shop.section, simulated=False)
    decisions = DecisionMaker(msgspec.structs.replace(desk.shop, section=section))
    with pytest.raises(InputError, match="as_of: expected no such field: a decision is made now"):
        decisions.decide(desk.predictor, desk.request(desk.ids[:1], "as_of"))
    decisions.close()


def test_a_decision_can_be_posted_back_with_its_message(desk: Desk) -> None:
    """A decision for no message too: without it nobody could learn what a message changes."""
    decided = [d for d in desk.decide(desk.ids, "posted back", control=0.3) if d.status == "ok"]
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
    logged = read_log(desk.shop).fetch(
        "SELECT decision_id, channel, arm, propensity FROM messages "
        "WHERE message_id = decision_id ORDER BY 1"
    )
    expected = sorted((d.decision_id, d.channel, d.arm, d.propensity) for d in decided)
    assert [tuple(row) for row in logged] == expected


def test_a_decision_is_for_the_instant_of_sending_that_is_asked_for(desk: Desk) -> None:
    send_at = desk.cutoff + 3 * DAY
    made = [
        d
        for d in desk.respond(desk.ids, "at", send_at=send_at, control=0.3).decisions
        if d.status == "ok"
    ]
    assert {d.send_at for d in made} == {to_datetime(send_at)}
    assert {d.expires_at for d in made} == {to_datetime(send_at + DAY)}
    assert "none" in {d.channel for d in made}
    allowed = desk.predictor.predict(desk.ids, desk.cutoff, send_at).answers
    eligible = {
        a.customer_id: {r.channel for r in a.channel.ranking if r.eligible}
        for a in allowed
        if a.channel
    }
    assert {d.customer_id: set(d.eligible) for d in made} == eligible
    table = open_decisions(desk.shop)
    stored = [d for rows in table.rows(500) for d in rows if d.key == "at"]
    table.close()
    assert {d.send_at for d in stored} == {send_at}


def test_without_an_instant_a_channel_is_decided_for_the_first_outside_quiet_hours(
    desk: Desk,
) -> None:
    quiet = {"email": ["20:00", "08:00"]}
    channels = msgspec.structs.replace(desk.shop.channels, quiet_hours=quiet)
    shop = msgspec.structs.replace(desk.shop, channels=channels)
    predictor = replace(desk.predictor, shop=shop)
    made = [d for d in desk.decide(desk.ids, "first", predictor) if d.status == "ok"]
    assert {d.send_at for d in made} == {to_datetime(desk.cutoff)}
    assert "email" not in {d.channel for d in made}  # it is 23:59, in its quiet hours
    answers = predictor.predict(desk.ids, desk.cutoff).answers
    rankings = [r for a in answers if a.channel for r in a.channel.ranking]
    local = {r.channel: r.send_at.astimezone(shop.timezone).strftime("%H:%M:%S") for r in rankings}
    assert (local["email"], local["none"]) == ("08:00:00", "23:59:59")


@pytest.mark.parametrize("days", [-1, 15])
def test_an_instant_of_sending_before_now_or_too_far_ahead_is_refused(
    desk: Desk, days: int
) -> None:
    with pytest.raises(InputError, match="send_at: expected a date and time from as_of on"):
        desk.respond(desk.ids[:1], "refused", send_at=desk.cutoff + days * DAY)
    assert desk.logged("refused") == []


def _decide_by_country(desk: Desk, key: str, **settings: Any) -> dict[str, Decided]:
    """Decide for everybody in a shop whose decisions are drawn by country, by customer."""
    channels = msgspec.structs.replace(desk.shop.channels, cluster_by="country")
    decisions = msgspec.structs.replace(desk.shop.decisions, **settings)
    shop = msgspec.structs.replace(desk.shop, channels=channels, decisions=decisions)
    predictor = replace(desk.predictor, shop=shop)  # the store knows the attribute
    maker = DecisionMaker(shop)
    decided = maker.decide(predictor, desk.request(desk.ids, key)).decisions
    maker.close()
    return {d.customer_id: d for d in decided if d.status == "ok"}


def test_customers_of_one_cluster_with_equal_eligible_arms_draw_alike(desk: Desk) -> None:
    """A household in truth; the countries of the simulated shop are larger ones."""
    made = _decide_by_country(desk, "cluster", explore=0.8, control=0.2)
    histories = desk.predictor.compute_answers(list(made), desk.cutoff).histories
    drawn: dict[tuple[Any, ...], set[tuple[Any, ...]]] = {}
    sizes: Counter[tuple[Any, ...]] = Counter()
    for customer, decision in made.items():
        country = latest_attribute(histories[customer].get("attributes"), "country", desk.cutoff)
        if country is not None:
            cell = (country, *sorted(decision.eligible))
            sizes[cell] += 1
            drawn.setdefault(cell, set()).add((decision.channel, decision.arm, decision.propensity))
    assert sum(size > 1 for size in sizes.values()) > 3
    assert {len(arms) for arms in drawn.values()} == {1}
    assert len(set().union(*drawn.values())) > 1  # clusters draw apart
    alone = {d.customer_id: d for d in desk.decide(list(made), "alone", explore=0.8, control=0.2)}
    assert len({d.channel for d in alone.values()}) > 2


def test_a_cluster_draws_anew_for_another_key(desk: Desk) -> None:
    keys = [_decide_by_country(desk, f"key {n}", explore=1.0) for n in range(6)]
    customer = max(keys[0], key=lambda i: len(keys[0][i].eligible))
    assert len({made[customer].channel for made in keys}) > 1


def test_a_customer_without_the_attribute_is_a_cluster_that_no_value_is_taken_for() -> None:
    attributes = {
        "attribute": object_array(["attr_household"] * 3 + ["city"]),
        "value": object_array(["h1", None, "h2", "x"]),
        "known_at": np.array([1.0, 20.0, 30.0, 1.0]),
    }
    history = {"attributes": attributes}

    def cluster(as_of: int) -> tuple[str, ...]:
        return find_cluster("attr_household", history, "h1", as_of)

    assert [cluster(at) for at in (0, 1, 25, 30)] == [
        ("h1",),
        ("attr_household", "h1"),
        ("h1",),
        ("attr_household", "h2"),
    ]
    assert find_cluster("attr_household", {}, "c", 30) == ("c",)
    assert find_cluster(None, history, "c", 30) == ("c",)
    positions = {draw_position("1", *cluster(at), "autumn", "k") for at in (0, 1, 30)}
    assert len(positions) == 3  # a customer h1 and a household h1 draw apart
