"""Any subset of the optional tables and columns works from `check` to a served answer.

Fifty subsets are drawn by their seeds, so that a subset that fails can be run again by itself.
Each shop is checked, trained, promoted and served as the command line does it.
"""

from collections.abc import Mapping
from pathlib import Path

import pandas as pd
import pytest

from features.log.log import read_log
from features.shop.shop import read_shop
from features.store.address import store_target
from features.store.build.store_build import build_store
from features.windows import to_datetime
from nextbuy.show.readiness_tables import report_on, to_json
from serving.bulk.audience import decide_audience
from serving.bulk.offline import explain_offline, predict_offline
from serving.http.service import NextbuyService
from serving.schemas.answer_schemas import Answer, ExplainRequest, PredictRequest
from serving.schemas.decision_schemas import DecisionsRequest
from tests.subsets import HORIZON_DAYS, Subset, WholeShop
from training.lifecycle.promote import promote
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import train

pytestmark = pytest.mark.slow

SUBSETS = 50


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> WholeShop:
    return WholeShop.simulate(tmp_path_factory.mktemp("whole"), 600)


def _prepare(config: Path) -> str:
    """Check, train, promote and build the store; give the instant to ask as of."""
    shop = read_shop(config)
    report = report_on(shop)
    assert to_json(report)
    assert report.errors == 0
    log = read_log(shop)
    train(log, trials=0)
    promote(shop.tracking_uri)
    cutoff = holdout_cutoff(log, HORIZON_DAYS)
    build_store(log, store_target(shop), cutoff)
    log.close()
    return to_datetime(cutoff).isoformat()


def _served(config: Path, ids: list[str], as_of: str, patch: pytest.MonkeyPatch) -> list[Answer]:
    """Ask the service itself for answers, reasons and decisions; give the answers."""
    patch.setenv("NEXTBUY_SHOP", str(config))
    service = NextbuyService.inner()
    try:
        answers = service.predict(PredictRequest(customer_ids=ids, as_of=as_of)).answers
        explained = service.explain(ExplainRequest(customer_ids=ids, as_of=as_of)).explanations
        asking = [{"customer_id": i, "campaign": "served", "key": "1"} for i in ids]
        request = DecisionsRequest.model_validate({"decisions": asking, "as_of": as_of})
        decided = service.decisions(request).decisions
    finally:
        service._stop()
    assert [e.reason for e in explained] == [a.reason for a in answers]
    assert [d.status == "ok" for d in decided] == [a.channel is not None for a in answers]
    return answers


def _decided(config: Path, ids: list[str], as_of: str) -> pd.DataFrame:
    audience, out = config.parent / "audience.csv", config.parent / "decided.csv"
    pd.DataFrame({"customer_id": ids}).to_csv(audience, index=False)
    return decide_audience(config, audience, out, "autumn", "1", as_of)


def _check_reasons(answer: Answer, subset: Subset, has_channel: bool) -> None:
    """Hold what is null against what the subset lacks."""
    given = {f"{table}.{column}" for table, columns in subset.items() for column in columns}
    lacks = {
        "next_purchase.due": not {"order_lines.product_id", "products.category"} <= given,
        "channel.preferred": has_channel
        and ("customers.preferred_channel" not in given or "customers.known_at" not in given),
    }
    reason = answer.reason or ""
    for field, missing in lacks.items():
        assert (f"{field} is null because the shop gives no " in reason) == missing, reason
    assert ("the table messages that the shop does not give" in reason) != has_channel, reason
    assert answer.next_purchase is not None
    assert (answer.next_purchase.due is None) == lacks["next_purchase.due"]
    assert (answer.channel is not None) == has_channel
    assert answer.contact_score is not None
    assert answer.activity_group is not None


@pytest.mark.parametrize("seed", range(SUBSETS))
def test_a_subset_goes_from_check_to_a_served_answer(
    whole: WholeShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    # whether so small a shop's model beats the base rate is not what is asked here
    monkeypatch.setattr("training.lifecycle.promote._check_judgement", lambda *_: None)
    subset = whole.draw(seed)
    settings: Mapping[str, object] = {"fatigue": 0.01 * (seed % 2), "window_days": 7}
    method = ("epsilon", "thompson")[seed // 2 % 2]
    config = whole.write(tmp_path / "shop", subset, channels=settings, decisions={"method": method})
    as_of = _prepare(config)
    ids = [*whole.tables["orders"]["customer_id"].drop_duplicates().head(12), "nobody"]
    computed = predict_offline(config, ids, as_of).answers
    assert [e.status for e in explain_offline(config, ids, as_of).explanations] == [
        answer.status for answer in computed
    ]
    assert len(_decided(config, ids, as_of)) == len(ids)
    assert _served(config, ids, as_of, monkeypatch) == computed
    answered = [answer for answer in computed if answer.status in ("ok", "low_data")]
    assert answered
    assert computed[-1].status == "unknown_customer"
    for answer in answered:
        _check_reasons(answer, subset, "messages" in subset)
