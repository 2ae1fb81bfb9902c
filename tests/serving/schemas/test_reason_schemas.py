"""Schemas of reasons: they take the reasons that the models give, field by field."""

from dataclasses import fields

import pytest
from pydantic import ValidationError

from models.reasons.channel_reasons import ChoiceReason
from models.reasons.purchase_reasons import FeatureReason
from serving.schemas.answer_schemas import Answer
from serving.schemas.reason_schemas import ChannelReason, Explanation, Reason


def test_a_reason_has_the_fields_that_the_models_give() -> None:
    assert list(Reason.model_fields) == [field.name for field in fields(FeatureReason)]
    assert list(ChannelReason.model_fields) == [field.name for field in fields(ChoiceReason)]


def test_an_explanation_repeats_customer_status_and_reason_of_the_answer() -> None:
    shared = ["customer_id", "status", "reason", "retry_after"]
    for name in shared:
        assert Explanation.model_fields[name].annotation == Answer.model_fields[name].annotation
    schema = Explanation.model_json_schema()
    assert set(schema["required"]) == {"customer_id", "status", "reason"}


def test_a_reason_raises_or_lowers_a_score_and_speaks_for_or_against_a_channel() -> None:
    facts = {"family": "returns", "feature": None, "value": None, "unit": None, "sentence": "So."}
    assert Reason(effect=-0.5, direction="lowers", **facts).effect == -0.5
    assert ChannelReason(effect=None, direction=None, **facts).direction is None
    with pytest.raises(ValidationError, match="'raises' or 'lowers'"):
        Reason(effect=0.5, direction="for", **facts)
    with pytest.raises(ValidationError, match="'for' or 'against'"):
        ChannelReason(effect=0.5, direction="raises", **facts)
