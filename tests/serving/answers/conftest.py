"""Fixtures of the tests of answers: a predictor of the simulated shop and all of its reasons."""

from collections.abc import Iterator

import pandas as pd
import pytest

from features.builds.feature_build import build_features
from serving.answers.predictor import Predictor, load_predictor
from serving.schemas.reason_schemas import ExplainResponse


@pytest.fixture(scope="session")
def predictor(simulated) -> Iterator[Predictor]:
    """Load the predictor of the simulated shop; it is closed at the end of the tests."""
    loaded = load_predictor(simulated.shop, 48, 24)
    yield loaded
    loaded.close()


@pytest.fixture(scope="session")
def buyers(simulated) -> pd.DataFrame:
    """Build the features of all buyers at the cutoff, by customer id."""
    frame = build_features(simulated.log, [simulated.cutoff], simulated.catalog)
    return frame.set_index("customer_id")


@pytest.fixture(scope="session")
def everybody(predictor: Predictor, simulated) -> ExplainResponse:
    """Explain the answers of all customers, in requests of 20."""
    ids = predictor.store.customer_ids()
    responses = [
        predictor.explain(ids[n : n + 20], simulated.cutoff) for n in range(0, len(ids), 20)
    ]
    explanations = [e for response in responses for e in response.explanations]
    return responses[0].model_copy(update={"explanations": explanations})


@pytest.fixture(scope="session")
def joined_accounts(simulated) -> set[str]:
    """Read the accounts and customers that an identity joins."""
    query = (
        "SELECT customer_id FROM history_identities UNION SELECT customer FROM history_identities"
    )
    return {row[0] for row in simulated.log.connection.execute(query).fetchall()}
