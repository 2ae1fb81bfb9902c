"""Schemas of `/v1/explain`: the reasons for the sections of an answer."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serving.schemas.answer_schemas import STATUS_MEANING, Status


class Reason(BaseModel):
    """What one family of features adds to a customer's score, with a sentence about it."""

    family: str = Field(description="The family of features, in a marketer's words.")
    effect: float = Field(
        description="What the family adds to the score, on the logit scale; the baseline and all "
        "effects sum to the score."
    )
    direction: Literal["raises", "lowers"] = Field(
        description="Whether the family raises or lowers the score."
    )
    feature: str | None = Field(
        description="The feature that the sentence is about; null where there is nothing to tell."
    )
    value: float | None = Field(description="The feature's value for this customer, in `unit`.")
    unit: str | None = Field(description="The unit of the value; null without a feature.")
    sentence: str = Field(description="States the fact that weighs most, not what caused it.")


class ChurnReasons(BaseModel):
    """Reasons for a customer's chance to buy again: `baseline` plus all effects is `score`."""

    p_churn: float = Field(
        description="Probability, 0 to 1, that the customer buys nothing within the horizon."
    )
    horizon_days: int = Field(description="Length of the horizon in days, stored with the model.")
    score: float = Field(description="The logit of a purchase within the horizon.")
    baseline: float = Field(description="The score of an average customer, on the logit scale.")
    reasons: list[Reason] = Field(
        description="The families, the weightiest first; `raises` means the chance to buy again."
    )


class NextPurchaseReasons(BaseModel):
    """Reasons why a customer who returns is back sooner or later than others."""

    median_at: datetime = Field(
        description="The instant before which half of such purchases are expected, given one "
        "within the horizon."
    )
    score: float = Field(
        description="The mean log-odds of the return over the intervals of the horizon."
    )
    baseline: float = Field(description="The score of an average customer, on the logit scale.")
    reasons: list[Reason] = Field(
        description="The families, the weightiest first; `raises` means that the customer is back "
        "sooner."
    )


class ChannelReason(BaseModel):
    """One group of features that speaks for the recommended channel or against it."""

    family: str = Field(description="The family of features, in a marketer's words.")
    effect: float | None = Field(
        description="What the group adds to the difference between the recommended channel and the "
        "runner-up, on the logit scale of a purchase within the window; above 0 it speaks for the "
        "recommended channel, and all effects sum to the difference. Null where the group is no "
        "part of that difference, and everywhere at `observational`."
    )
    direction: Literal["for", "against"] | None = Field(
        description="Whether the group speaks for the recommended channel or against it; null "
        "where the effect is."
    )
    feature: str | None = Field(
        description="The feature that the sentence is about; null where it is about none."
    )
    value: float | None = Field(description="The feature's value for this customer, in `unit`.")
    unit: str | None = Field(description="The unit of the value; null without a feature.")
    sentence: str = Field(description="States the fact that weighs most, not what caused it.")


class ExcludedChannel(BaseModel):
    """Channel that may not be used for the customer now, and why."""

    channel: str = Field(description="Name of the channel.")
    why_not: str = Field(
        description="Why the channel is not eligible, in words: consent, reachability, a cap or "
        "quiet hours."
    )
    eligible_from: datetime | None = Field(
        description="The first instant at which the channel is eligible again if nothing is sent "
        "until then. Null unless only caps or quiet hours stand against the channel."
    )
    sentence: str = Field(
        description="The same as a sentence, which also says if the channel would have been first."
    )


class ChannelReasons(BaseModel):
    """Reasons why a channel is recommended, and why others may not be used."""

    recommended: str = Field(description="The recommended channel; `none` means no message.")
    level: Literal["observational", "exploring", "rich"] = Field(
        description="What the shop's messages identify, as in the answer. At `observational` the "
        "order is the same for everybody and the reasons are what it rests on; otherwise they "
        "explain the difference to the runner-up for this customer."
    )
    basis: Literal["association", "best_overall", "personal"] = Field(
        description="What the recommendation rests on, as in the answer."
    )
    runner_up: str | None = Field(
        description="The second best eligible channel, `none` included; null at `observational`."
    )
    lead: float | None = Field(
        description="Expected margin per message above the runner-up's, in `currency`."
    )
    currency: str = Field(description="ISO 4217 code of `lead`.")
    reasons: list[ChannelReason] = Field(
        description="The groups, the weightiest first; then cost and fatigue, where they decided."
    )
    excluded: list[ExcludedChannel] = Field(description="Every channel that is not eligible.")


class Explanation(BaseModel):
    """Reasons for one customer's answer; those of a model that gave no answer are null."""

    customer_id: str = Field(description="The customer id, as it was sent.")
    status: Status = Field(description=STATUS_MEANING)
    reason: str | None = Field(
        description="Why there are no reasons, or what they lack; null where nothing is missing."
    )
    retry_after: int | None = Field(
        default=None, description="Seconds after which to ask again, where unavailable."
    )
    churn: ChurnReasons | None = Field(
        default=None, description="Why the chance to buy again is what it is."
    )
    next_purchase: NextPurchaseReasons | None = Field(
        default=None, description="Why the customer is back sooner or later than others."
    )
    channel: ChannelReasons | None = Field(
        default=None,
        description="Why this channel is recommended, for contacts without a purchase too.",
    )


class ExplainResponse(BaseModel):
    """Reasons for answers, all from one state of the history store and one set of models."""

    request_id: str = Field(description="Identifies this response.")
    as_of: datetime = Field(
        description="The instant that the reasons speak of; only what was known then is read."
    )
    data_cutoff: datetime = Field(description="The instant at which the data of the shop ends.")
    models: dict[str, str] = Field(
        description="Version of the model that answered, by kind of model."
    )
    explanations: list[Explanation] = Field(
        description="The reasons of one customer per customer id, in the order sent."
    )
