"""The reasons that the service gives; their OpenAPI is made from these classes."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from serving.schemas.answer_schemas import Status


class Reason(BaseModel):
    """What one family of features does to the score of a customer."""

    family: str = Field(description="as a marketer calls it")
    effect: float = Field(description="on the logit scale; the effects and the baseline sum up")
    direction: Literal["raises", "lowers"]
    feature: str | None = Field(
        description="the one that the sentence is about; null where there is nothing to tell"
    )
    value: float | None
    unit: str | None
    sentence: str = Field(description="states what is so, not why")


class ChurnReasons(BaseModel):
    """Why the chance to buy again is what it is: `baseline` plus all effects is `score`."""

    p_churn: float
    horizon_days: int
    score: float = Field(description="the logit of a purchase within the horizon")
    baseline: float
    reasons: list[Reason] = Field(description="`raises`: the chance to buy again")


class NextPurchaseReasons(BaseModel):
    """Why a returning customer is back sooner or later than others."""

    median_at: datetime = Field(description="given a purchase within the horizon")
    score: float = Field(description="mean log-odds of the return over the horizon's intervals")
    baseline: float
    reasons: list[Reason] = Field(description="`raises`: back sooner")


class ChannelReason(BaseModel):
    """One group of what speaks for the recommended channel or against it."""

    family: str = Field(description="as a marketer calls it")
    effect: float | None = Field(
        description="on the logit scale of a purchase within the window, above 0 for the "
        "recommended channel; all of them sum to the difference between it and the runner-up. "
        "Null of what is no part of that difference, and everywhere at `observational`"
    )
    direction: Literal["for", "against"] | None = Field(
        description="for the recommended channel, or against it; null with the effect"
    )
    feature: str | None = Field(
        description="the one that the sentence is about; null where it is about none"
    )
    value: float | None
    unit: str | None
    sentence: str = Field(description="states what is so, not why")


class ExcludedChannel(BaseModel):
    """A channel that may not be used now."""

    channel: str
    why_not: str = Field(description="consent, reachability, caps and quiet hours, in words")
    eligible_from: datetime | None = Field(description="as in the answer's ranking")
    sentence: str = Field(description="says too if the channel would have been the first")


class ChannelReasons(BaseModel):
    """Why this channel: what sets it apart from the runner-up, and why others are out."""

    recommended: str
    level: Literal["observational", "exploring", "rich"] = Field(
        description="`observational`: the same order for everybody, so that the reasons are what "
        "it rests on; otherwise the difference to the runner-up, for this customer"
    )
    basis: Literal["association", "best_overall", "personal"]
    runner_up: str | None
    lead: float | None = Field(description="expected margin over the runner-up's, per message")
    currency: str = Field(description="of the lead")
    reasons: list[ChannelReason] = Field(
        description="the weightiest first; then, where they decided, cost and fatigue"
    )
    excluded: list[ExcludedChannel] = Field(description="every channel that is not eligible")


class Explanation(BaseModel):
    """The reasons of one customer; those of a model that gave no answer are null."""

    customer_id: str
    status: Status
    reason: str | None = Field(description="why there are no reasons, or what is missing")
    retry_after: int | None = Field(default=None, description="seconds, where unavailable")
    churn: ChurnReasons | None = None
    next_purchase: NextPurchaseReasons | None = None
    channel: ChannelReasons | None = Field(
        default=None, description="for contacts without a purchase too"
    )


class ExplainResponse(BaseModel):
    """The reasons, in the order of the request, from one snapshot of store and champions."""

    request_id: str
    as_of: datetime
    data_cutoff: datetime
    models: dict[str, str] = Field(description="version of each champion that answered")
    explanations: list[Explanation]
