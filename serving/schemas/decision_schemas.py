"""Schemas of `/v1/decisions`: the decisions to make, and what was decided."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from features.contract.tables import DrawReason
from serving.schemas.answer_schemas import MAX_CUSTOMERS, MAX_DAYS_AHEAD

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Asking(BaseModel, extra="forbid"):
    """Identifies one decision to make by a customer, a campaign and a key."""

    customer_id: Annotated[str, Field(min_length=1, max_length=200)] = Field(
        description="The customer id, as the shop writes it."
    )
    campaign: _Name = Field(description="Name of the campaign that the message belongs to.")
    key: _Name = Field(
        description="Names the occasion within the campaign. Asked again with the same key, the "
        "decision is the same one. The key is stored as it is, so nothing personal belongs in it."
    )


class DecisionsRequest(BaseModel, extra="forbid"):
    """Names the decisions to make now; an unknown field is refused."""

    decisions: list[Asking] = Field(
        max_length=MAX_CUSTOMERS, description="What to decide, at most 5,000 in a request."
    )
    as_of: str | None = Field(
        default=None,
        description="The instant that counts as now, in ISO 8601; taken of simulated shops only.",
    )
    send_at: str | None = Field(
        default=None,
        description="The instant at which the messages are sent, in ISO 8601 with a time of day, "
        f"from now on and at most {MAX_DAYS_AHEAD} days ahead. The channels that are drawn are "
        "eligible at it, by what is known now. Without it each channel is sent at the first "
        "instant from now on that is outside its quiet hours, `none` now, and those that are "
        "eligible now are drawn. A time without a zone is read in the shop's time zone.",
    )


class Decided(BaseModel):
    """One decision; nothing was drawn or written down where its status is not `ok`.

    A decision that was made before is `refused` if its channel may not be used any more.
    """

    decision_id: str | None = Field(
        default=None,
        description="Identifies the decision. It belongs into the message's row in the table "
        "messages, also where the channel is `none`. Null where nothing was decided.",
    )
    customer_id: str = Field(description="The customer id, as it was sent.")
    campaign: str = Field(description="The campaign, as it was sent.")
    key: str = Field(description="The key, as it was sent.")
    status: Literal["ok", "unknown_customer", "refused", "unavailable"] = Field(
        description="`ok`: there is a channel; `unknown_customer`: nothing is known of the "
        "customer; `refused`: the customer objects to profiling, or the decided channel may not "
        "be used any more; `unavailable`: the service cannot decide at present."
    )
    reason: str | None = Field(
        default=None, description="Why there is no channel; null where there is one."
    )
    retry_after: int | None = Field(
        default=None, description="Seconds after which to ask again, where unavailable."
    )
    channel: str | None = Field(
        default=None, description="The decided channel; `none` means that no message is sent."
    )
    arm: DrawReason | None = Field(
        default=None,
        description="Why this channel was drawn. `control`: the customer is held out; `random`: "
        "drawn among all eligible channels and `none` alike; `optimised`: as the model says.",
    )
    propensity: float | None = Field(
        default=None,
        description="Probability, 0 to 1, with which this channel was drawn, over all values of "
        "`arm`.",
    )
    eligible: dict[str, float] | None = Field(
        default=None,
        description="Probability, 0 to 1, of each channel that could have been drawn, `none` among "
        "them.",
    )
    policy_version: str | None = Field(
        default=None,
        description="Version of the channel model, and a hash of the settings that a draw "
        "depends on.",
    )
    decided_at: datetime | None = Field(
        default=None, description="When the decision was made; null where nothing was decided."
    )
    send_at: datetime | None = Field(
        default=None,
        description="The instant of sending that the channel was decided for, also where it is "
        "`none`. Null where nothing was decided, or by a version that knew no such instant.",
    )
    expires_at: datetime | None = Field(
        default=None, description="The instant until which the decision is to be carried out."
    )
    repeated: bool = Field(
        default=False, description="Whether the decision had been made before this request."
    )


class DecisionsResponse(BaseModel):
    """Decisions, which were written down durably before this response was sent."""

    request_id: str = Field(description="Identifies this response.")
    as_of: datetime = Field(description="The instant at which the decisions were made.")
    data_cutoff: datetime = Field(description="The instant at which the data of the shop ends.")
    models: dict[str, str] = Field(
        description="Version of the model that answered, by kind of model."
    )
    decisions: list[Decided] = Field(
        description="One decision for each that was asked for, in the order sent."
    )
