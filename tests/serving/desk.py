"""A small trained shop whose decisions tests ask for."""

import sqlite3
from pathlib import Path
from typing import Any

import msgspec

from features.ledgers.decisions import decisions_path
from features.log.log import read_log
from features.shop.shop import Shop, read_shop
from features.store.address import store_path
from features.store.build.store_build import build_store
from features.windows import to_datetime
from nextbuy.simulator.simulator import simulate_shop
from serving.answers.predictor import Predictor, load_predictor
from serving.decisions.decide import DecisionMaker
from serving.schemas.decision_schemas import Decided, DecisionsRequest, DecisionsResponse
from training.lifecycle.promote import promote
from training.purchase.slice_cutoffs import holdout_cutoff
from training.train import train


class Desk:
    """Makes decisions for a trained shop of 300 customers at one instant."""

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
        """Decide under changed settings of `[decisions]`, and return the decisions."""
        return self.respond(ids, key, predictor, **settings).decisions

    def respond(
        self,
        ids: list[str],
        key: str,
        predictor: Predictor | None = None,
        send_at: int | None = None,
        **settings: Any,
    ) -> DecisionsResponse:
        """Decide under changed settings of `[decisions]`, and return the whole response."""
        section = msgspec.structs.replace(self.shop.decisions, **settings)
        decisions = DecisionMaker(msgspec.structs.replace(self.shop, decisions=section))
        try:
            return decisions.decide(predictor or self.predictor, self.request(ids, key, send_at))
        finally:
            decisions.close()

    def request(self, ids: list[str], key: str, send_at: int | None = None) -> DecisionsRequest:
        """Make the request for decisions in the campaign `autumn`."""
        asking = [{"customer_id": i, "campaign": "autumn", "key": key} for i in ids]
        as_of = to_datetime(self.cutoff).isoformat()
        body = {"decisions": asking, "as_of": as_of}
        if send_at is not None:
            body["send_at"] = to_datetime(send_at).isoformat()
        return DecisionsRequest.model_validate(body)

    def logged(self, key: str) -> list[str]:
        """Read the ids of the decisions that are written down under a key."""
        with sqlite3.connect(decisions_path(self.shop)) as connection:
            rows = connection.execute("SELECT decision_id FROM decisions WHERE key = ?", [key])
            decision_ids = [row[0] for row in rows]
        connection.close()
        return decision_ids
