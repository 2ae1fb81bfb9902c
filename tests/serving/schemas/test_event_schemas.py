"""Requests that post rows: which forms are taken."""

import pytest
from pydantic import ValidationError

from features.ledgers.posted_rows import POSTABLE_TABLES
from serving.schemas.event_schemas import EventsRequest


@pytest.mark.parametrize("body", [{"products": []}, {"orders": {}}, {"orders": ["x"]}])
def test_a_request_of_another_form_is_refused(body: dict) -> None:
    with pytest.raises(ValidationError, match=r"products|orders"):
        EventsRequest.model_validate(body)


def test_the_request_has_every_table_that_may_be_posted() -> None:
    assert list(EventsRequest.model_fields) == list(POSTABLE_TABLES)
