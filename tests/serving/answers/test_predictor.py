"""Predictors: statuses of answers, what was known at an instant, and what stays open."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

import serving.answers.predictor
from features.engines.generated.compiled.compile_job import GeneratedSource, compile_into
from features.engines.generated.compiled.object_code import CompiledRun
from features.engines.generated.engine import GeneratedPlan
from features.engines.generated.interpreter import InterpretedRun
from features.engines.plan import COMPILED_FOLDER
from features.errors import NextbuyError
from features.shop.shop import SensitiveSection, Shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.store.fresh import FreshStore
from features.store.sqlite_store import SqliteStore
from features.windows import DAY
from models.registry import Champions
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.answer_schemas import Answer


@pytest.mark.parametrize("n", [0, 1, 3])
def test_every_requested_customer_is_answered_in_order(
    predictor: Predictor, simulated, n: int
) -> None:
    customer_ids = predictor.store.customer_ids()[:n]
    response = predictor.predict(customer_ids, simulated.cutoff)
    assert [answer.customer_id for answer in response.answers] == customer_ids
    assert response.models == simulated.promoted


def test_compiled_functions_of_the_workspace_are_used_and_answer_the_same(
    predictor: Predictor, simulated, buyers, tmp_path: Path
) -> None:
    ids = list(buyers.index)[:300]
    for catalog in predictor.catalogs:
        plan = GeneratedPlan(catalog)
        compile_into(tmp_path / COMPILED_FOLDER, GeneratedSource(plan.source, plan.functions))
    section = msgspec.structs.replace(predictor.shop.section, workspace=str(tmp_path))
    compiled = replace(predictor, shop=msgspec.structs.replace(predictor.shop, section=section))
    assert {type(plan._plan._run) for plan in compiled._plans} == {CompiledRun}
    answers = compiled.predict(ids, simulated.cutoff).answers
    assert answers == predictor.predict(ids, simulated.cutoff).answers
    assert {type(plan._plan._run) for plan in predictor._plans} == {InterpretedRun}


def test_a_category_that_was_called_sensitive_after_the_build_is_not_named(
    predictor: Predictor, simulated, buyers
) -> None:
    ids = list(buyers.index)[:200]

    def named(one: Predictor) -> set[str]:
        answers = one.predict(ids, simulated.cutoff).answers
        return {due.category for a in answers if a.next_purchase for due in a.next_purchase.due}

    word = min(named(predictor))
    sensitive = SensitiveSection(words=[word])
    shop = msgspec.structs.replace(predictor.shop, sensitive=sensitive)
    assert named(replace(predictor, shop=shop)) == named(predictor) - {word}


def test_a_customer_is_the_same_alone_and_among_others(
    predictor: Predictor, simulated, buyers
) -> None:
    ids = list(buyers.index)[:50]
    together = predictor.predict(ids, simulated.cutoff).answers
    for customer_id, answer in zip(ids, together, strict=True):
        alone = predictor.predict([customer_id], simulated.cutoff).answers[0]
        assert alone.status == answer.status
        if answer.status == "ok":
            # vectorised logarithms may differ in the last bit
            within = answer.next_purchase.p_within
            assert alone.next_purchase.p_within == pytest.approx(within, rel=1e-12)
            assert alone.churn.p_churn == pytest.approx(answer.churn.p_churn, rel=1e-12)
            assert alone.channel.recommended == answer.channel.recommended


def test_an_unknown_customer_and_a_repeated_one_are_answered_as_such(
    predictor: Predictor, simulated
) -> None:
    known = predictor.store.customer_ids()[0]
    answers = predictor.predict(["nobody", known, known], simulated.cutoff).answers
    assert [a.status for a in answers] == ["unknown_customer", answers[1].status, answers[1].status]
    assert answers[0].churn is answers[0].channel is None
    assert answers[1] == answers[2]


def test_objections_are_refused_and_nobody_else(
    predictor: Predictor, simulated, joined_accounts: set[str]
) -> None:
    query = (
        "SELECT customer_id FROM consents WHERE scope = 'profiling' AND NOT granted "
        f"AND changed_at <= {simulated.cutoff}"
    )
    objected = {row[0] for row in simulated.log.connection.execute(query).fetchall()}
    answers = predictor.predict(predictor.store.customer_ids(), simulated.cutoff).answers
    refused = {answer.customer_id for answer in answers if answer.status == "refused"}
    assert refused - joined_accounts == objected - joined_accounts
    assert objected <= refused | joined_accounts
    assert objected
    for answer in answers:
        if answer.status == "refused":
            assert answer.churn is answer.value is answer.channel is None


_NUMBER = re.compile(r"-?[0-9]+[.][0-9]+(?:e-?[0-9]+)?")


def _assert_same(answers: Mapping[str, Answer], others: Mapping[str, Answer]) -> None:
    """Compare answers to 12 digits: sums over a customer's rows differ by the rows' order."""
    for customer_id, answer in answers.items():
        texts = repr(answer), repr(others[customer_id])
        plain, other = (_NUMBER.sub("#", text) for text in texts)
        assert plain == other
        numbers, found = ([float(n) for n in _NUMBER.findall(text)] for text in texts)
        assert numbers == pytest.approx(found, rel=1e-12)


def test_only_what_was_known_at_the_instant_is_read(simulated, tmp_path: Path) -> None:
    """A store built a year later gives the same answers about the same instant."""
    earlier = simulated.cutoff - 60 * DAY
    build_store(simulated.log, tmp_path / "then.sqlite", earlier)
    build_store(simulated.log, tmp_path / "later.sqlite", keep_days={})
    responses, statistics = [], None
    for name in ("then", "later"):
        store = SqliteStore(tmp_path / f"{name}.sqlite")
        statistics = (
            statistics or store.info.lookups
        )  # those built at the instant customer_ids about
        store.info = msgspec.structs.replace(store.info, lookups=statistics)
        predictor = Predictor(simulated.shop, store, simulated.champions, 1e9, 24)
        ids = store.customer_ids()
        responses.append({a.customer_id: a for a in predictor.predict(ids, earlier).answers})
        store.close()
    then, later = responses
    _assert_same(then, later)
    assert {a.status for i, a in later.items() if i not in then} <= {"unknown_customer"}


def test_an_instant_before_the_last_build_is_answered_as_it_was_before_it(
    simulated, tmp_path: Path
) -> None:
    earlier, path = simulated.cutoff - 10 * DAY, tmp_path / "store.sqlite"
    ids: list[str] = []
    answers_by_build = []
    for cutoff in (earlier, simulated.cutoff):
        build_store(simulated.log, path, cutoff)
        store = SqliteStore(path)
        ids = ids or store.customer_ids()
        predictor = Predictor(simulated.shop, store, simulated.champions, 1e9, 24)
        answers_by_build.append(predictor.predict(ids, earlier).answers)
        assert "are there from" in (predictor.unavailable_reason(earlier - 1) or "")
        store.close()
    then, later = ({a.customer_id: a for a in of_build} for of_build in answers_by_build)
    _assert_same(then, later)
    assert {answer.status for answer in answers_by_build[0]} >= {"ok", "refused"}


def test_a_store_that_is_too_old_answers_nothing(predictor: Predictor, simulated) -> None:
    ids = predictor.store.customer_ids()[:2]
    fresh = predictor.predict(ids, simulated.cutoff + 2 * DAY)
    stale = predictor.predict(ids, simulated.cutoff + 2 * DAY + 60_000_000)
    assert {a.status for a in fresh.answers} != {"unavailable"}
    assert [a.status for a in stale.answers] == ["unavailable"] * 2
    assert "48 hours before as_of" in stale.answers[0].reason
    assert stale.answers[0].retry_after == 3600


def test_without_champions_nothing_is_answered(predictor: Predictor, simulated) -> None:
    empty = replace(predictor, champions=Champions({}))
    answer = empty.predict(["x"], simulated.cutoff).answers[0]
    assert answer.status == "unavailable"
    assert "no model has been promoted yet" in answer.reason


def test_champions_that_do_not_load_leave_no_store_open(
    shop: Shop, opened_stores: list[FreshStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse_artefact(uri: str) -> None:
        raise NextbuyError(f"{uri}: the artefact does not verify")

    monkeypatch.setattr(serving.answers.predictor, "read_champions", refuse_artefact)
    with pytest.raises(NextbuyError, match="does not verify"):
        load_predictor(shop, 48, 24)
    (store,) = opened_stores
    with pytest.raises(NextbuyError, match="closed database"):
        store.read(["c"])
    with pytest.raises(NextbuyError, match="closed database"):
        store.customer_ids()


def test_a_customer_is_asked_for_in_any_writing(simulated, predictor: Predictor) -> None:
    store = SqliteStore(store_path(simulated.shop))
    store.info = msgspec.structs.replace(store.info, fold="case")
    shop = msgspec.structs.replace(simulated.shop, fold="case")
    folding = replace(predictor, store=store, shop=shop)
    one = store.customer_ids()[0]
    lower, upper = folding.predict([one, one.upper()], simulated.cutoff).answers
    assert (lower.customer_id, upper.customer_id) == (one, one.upper())
    assert upper.model_copy(update={"customer_id": one}) == lower
    store.close()
