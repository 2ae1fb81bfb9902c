"""Requests for decisions and the replies: which forms are taken."""

import pytest
from pydantic import ValidationError

from serving.schemas.decision_schemas import DecisionsRequest

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
    with pytest.raises(ValidationError, match="decisions"):
        DecisionsRequest.model_validate(body)
