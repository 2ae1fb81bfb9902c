"""Requests for answers: which forms are taken, and what the descriptions promise."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.kinds import KINDS
from serving.schemas.answer_schemas import (
    MAX_CUSTOMERS,
    MAX_EXPLAINED,
    STATUS_MEANING,
    Answer,
    ExplainRequest,
    PredictRequest,
)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"customer_ids": "c"},
        {"customer_ids": [3]},
        {"customer_ids": [""]},
        {"customer_ids": ["x" * 201]},
        {"customer_ids": ["c"], "asof": "2025-10-01"},
        {"customer_ids": ["c"], "as_of": 20251001},
    ],
)
def test_a_request_of_another_form_is_refused(body: dict[str, Any]) -> None:
    for request in (PredictRequest, ExplainRequest):
        with pytest.raises(ValidationError, match=r"customer_ids|asof|as_of"):
            request.model_validate(body)


@pytest.mark.parametrize(
    ("request_type", "most"), [(PredictRequest, MAX_CUSTOMERS), (ExplainRequest, MAX_EXPLAINED)]
)
def test_a_request_has_at_most_the_number_of_customers_that_its_description_names(
    request_type: type[PredictRequest], most: int
) -> None:
    assert len(request_type(customer_ids=["c"] * most).customer_ids) == most
    with pytest.raises(ValidationError, match=f"at most {most} items"):
        request_type(customer_ids=["c"] * (most + 1))
    description = request_type.model_fields["customer_ids"].description
    assert f"at most {most:,} in a request" in str(description)


def test_every_status_is_explained() -> None:
    statuses = Answer.model_json_schema()["properties"]["status"]["enum"]
    assert all(f"`{status}`: " in STATUS_MEANING for status in statuses)
    with pytest.raises(ValidationError, match="status"):
        Answer(customer_id="c", status="lost", reason=None)  # type: ignore[arg-type]


def test_an_answer_without_models_has_a_null_section_for_each_kind() -> None:
    answer = Answer(customer_id="c", status="no_purchase", reason=None).model_dump()
    assert [answer[kind.section] for kind in KINDS.values()] == [None] * len(KINDS)
