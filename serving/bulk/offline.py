"""Predicts and explains for customers without a running service, under the service's settings."""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from features.shop.shop import read_shop
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.answer_schemas import PredictResponse
from serving.schemas.reason_schemas import ExplainResponse
from serving.service_settings import read_settings


def predict_offline(
    shop: Path, customer_ids: Sequence[str], as_of: str | None, send_at: str | None = None
) -> PredictResponse:
    """Predict for customers as the service would.

    Parameters
    ----------
    shop : path
        The shop's nextbuy.toml.
    customer_ids : sequence of str
        Ids as the shop writes them.
    as_of : str or None
        The instant that the answers speak of, in ISO 8601; None means now.
    send_at : str, optional
        The instant of sending, in ISO 8601; without it, the first outside quiet hours.

    Returns
    -------
    PredictResponse
        One answer per customer id, in the order given.

    Raises
    ------
    InputError
        An instant cannot be read, or lies too far ahead, or a setting is wrong.
    NextbuyError
        The history store or a model cannot be read.
    """
    with open_offline_predictor(shop) as predictor:
        at = predictor.read_as_of(as_of)
        return predictor.predict(customer_ids, at, predictor.read_send_at(send_at, at))


def explain_offline(
    shop: Path, customer_ids: Sequence[str], as_of: str | None, send_at: str | None = None
) -> ExplainResponse:
    """Give the reasons for the answers of `predict_offline`, for a few customers.

    Parameters
    ----------
    shop : path
        The shop's nextbuy.toml.
    customer_ids : sequence of str
        At most 20 ids as the shop writes them.
    as_of : str or None
        The instant that the reasons speak of, in ISO 8601; None means now.
    send_at : str, optional
        The instant of sending, as in `predict_offline`.

    Returns
    -------
    ExplainResponse
        One explanation per customer id, in the order given.

    Raises
    ------
    InputError
        There are too many customers, an instant cannot be read or lies too far ahead, or a
        setting is wrong.
    NextbuyError
        The history store or a model cannot be read.
    """
    with open_offline_predictor(shop) as predictor:
        at = predictor.read_as_of(as_of)
        return predictor.explain(customer_ids, at, predictor.read_send_at(send_at, at))


@contextmanager
def open_offline_predictor(shop: Path) -> Iterator[Predictor]:
    """Open the predictor that the service of a shop would answer with; closed at the end.

    Parameters
    ----------
    shop : path
        The shop's nextbuy.toml; the other settings are those of the environment.
    """
    settings = read_settings({**os.environ, "NEXTBUY_SHOP": str(shop)})
    loaded = load_predictor(
        read_shop(settings.shop), settings.max_age_hours, settings.expires_hours
    )
    with closing(loaded) as predictor:
        yield predictor
