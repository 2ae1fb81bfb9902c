"""Answers without a running service, under its settings."""

import os
from collections.abc import Sequence
from pathlib import Path

from features.shop.shop import read_shop
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.answer_schemas import PredictResponse
from serving.schemas.reason_schemas import ExplainResponse
from serving.settings import read_settings


def predict_once(shop: Path, customer_ids: Sequence[str], as_of: str | None) -> PredictResponse:
    """Answer for some customers at once."""
    predictor = load_once(shop)
    return predictor.predict(customer_ids, predictor.read_as_of(as_of))


def explain_once(shop: Path, customer_ids: Sequence[str], as_of: str | None) -> ExplainResponse:
    """Give the reasons for some customers."""
    predictor = load_once(shop)
    return predictor.explain(customer_ids, predictor.read_as_of(as_of))


def load_once(shop: Path) -> Predictor:
    """Load what the service of a shop would answer with."""
    settings = read_settings({**os.environ, "NEXTBUY_SHOP": str(shop)})
    return load_predictor(read_shop(settings.shop), settings.max_age_hours, settings.expires_hours)
