"""Requests and responses of the service; their OpenAPI is made from these classes."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from features.contract.tables import Arm
from models.channel.best_moment import BLOCK_HOURS, MIN_OWN_EVENTS, Weekday

MAX_CUSTOMERS = 5000
MAX_EXPLAINED = 20  # the contributions of one customer take longer than all of an answer

Status = Literal["ok", "low_data", "no_purchase", "unknown_customer", "refused", "unavailable"]


class PredictRequest(BaseModel, extra="forbid"):
    """Whom to answer for, and as of when; a field that is not known is refused."""

    customer_ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        max_length=MAX_CUSTOMERS, description="up to 5,000, as the shop writes them"
    )
    as_of: str | None = Field(
        default=None,
        description="the instant that the answers speak of, in ISO 8601; default: now. A bare "
        "date is the end of that day, and a time without a zone is read in the shop's",
        examples=["2025-10-01", "2025-10-01T21:59:59Z"],
    )


class ExplainRequest(PredictRequest):
    """Whom to give reasons for; as for an answer, but for fewer customers."""

    customer_ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        max_length=MAX_EXPLAINED, description="up to 20, as the shop writes them"
    )


PostedRows = list[dict[str, Any]]


class EventsRequest(BaseModel, extra="forbid"):
    """Rows in the columns of the input contract, by table; up to 1,000, all taken or none.

    Values are text, numbers, true, false or null; instants in ISO 8601, money as a decimal
    number. A column that the contract does not have is refused, and so is `known_at`: a posted
    row is known when it is received.
    """

    orders: PostedRows = []
    order_lines: PostedRows = Field(default=[], description="with their order, or after it")
    returns: PostedRows = []
    events: PostedRows = []
    messages: PostedRows = []
    consents: PostedRows = []
    customers: PostedRows = []
    identities: PostedRows = []


class EventsResponse(BaseModel):
    """What became of the rows; they are on the disk, and the next answer sees them."""

    accepted: int = Field(description="rows written down")
    duplicates: int = Field(description="rows that said nothing new")
    received_at: datetime = Field(description="from when the accepted rows are known")


class Churn(BaseModel):
    """Will the customer buy again within the horizon?"""

    p_churn: float = Field(description="P(no purchase within the horizon)")
    horizon_days: int
    percentile: int = Field(description="share of customers, in %, less likely to churn")
    band: Literal["low", "medium", "high", "very_high"]


class IfReturns(BaseModel):
    """When, given a purchase within the horizon."""

    median_at: datetime
    window_50: tuple[datetime, datetime]
    window_80: tuple[datetime, datetime]


class Due(BaseModel):
    """A category whose replenishment is due."""

    category: str
    due_at: datetime = Field(
        description="last bought plus the cycle: the customer's own mean gap in the category, "
        "drawn to that of all customers by two pseudo-gaps; before as_of it is overdue"
    )


class NextPurchase(BaseModel):
    """When will the customer buy next?"""

    p_within: dict[str, float] = Field(description="P(purchase within so many days)")
    expected_at: datetime | None = Field(
        description="when a purchase is as likely as not; null if it is not within the horizon"
    )
    if_returns: IfReturns
    typical_gap_days: float | None = Field(
        description="median of the customer's own gaps, in days from one day with a purchase to "
        "the next, not drawn to anybody else's; of one gap it is that gap; null for who has "
        "bought on one day only"
    )
    due: list[Due] | None = Field(
        default=None,
        description="categories whose replenishment is overdue or due within the horizon, the "
        "earliest first; of more than 10 those with the most order lines. A category has a cycle "
        "once 30 repeat purchases of it are known; null without order lines with categories",
    )


class Value(BaseModel):
    """What the customer will be worth within the horizon."""

    expected_purchases: float = Field(description="days with a purchase")
    expected_spend: float | None = Field(
        description="null: too few repeat buyers to fit it, or amounts too unequal for a mean"
    )
    currency: str


class BestMoment(BaseModel):
    """When messages do best, in the shop's local time; what cannot be told is null."""

    weekday: Weekday | None
    hour: int | None = Field(
        description=f"the first of {BLOCK_HOURS} hours, none of which is among the quiet hours"
    )
    outcome: Literal["click", "purchase"] = Field(
        description="what it is best for: a click within 24 hours or, in a channel without "
        "clicks, a purchase within the window"
    )
    basis: Literal["association"] = Field(
        description="the shop chose when to send what to whom, so that this is no effect"
    )
    own_events: int = Field(
        description="the customer's own clicks and orders of a year, those of one day and block "
        f"counted once; a habit takes {MIN_OWN_EVENTS}"
    )
    sends: int = Field(description="messages of the channel that the pattern was learned from")


class RankedChannel(BaseModel):
    """One channel for one customer."""

    channel: str
    p_conversion: float | None = Field(
        description="P(purchase within the window after a message), an association at the level "
        "`observational`; null for an arm never logged, or never drawn where others were"
    )
    uplift: float | None = Field(
        description="over no message; null where no randomised sends identify it"
    )
    uplift_90: tuple[float, float] | None = Field(
        default=None, description="the interval of 90 % of the uplift"
    )
    expected_margin: float | None = Field(
        default=None,
        description="margin of the expected purchase less the message's cost and fatigue, as "
        "nextbuy.toml has them; null where the effect is not identified",
    )
    eligible: bool
    why_not: str | None = Field(description="consent, reachability, caps and quiet hours, in words")
    eligible_from: datetime | None = Field(
        description="null, unless only caps or quiet hours stand against the channel: the first "
        "instant after them, if nothing is sent until then"
    )
    best_moment: BestMoment | None = Field(
        default=None, description="null where no weekday or hour can be told to be better"
    )


class NextLevel(BaseModel):
    """What is missing to say more."""

    level: Literal["exploring"]
    randomised_sends: dict[str, int] = Field(
        description="sends still to be drawn at random, by channel, `none` among them"
    )


class Channel(BaseModel):
    """Through which channel to ask, `none` among the answers."""

    recommended: str
    level: Literal["observational", "exploring", "rich"] = Field(
        description="what the shop's messages identify: associations, effects of those that were "
        "drawn at random, or these corrected by trees, which was shown to earn more"
    )
    basis: Literal["association", "best_overall", "personal"] = Field(
        description="`association`: the shop's order as written, or without one the channel with "
        "the best conversion, "
        "the same for everybody; `personal`: better than the best channel for everybody with "
        "90 % confidence; `best_overall`: not surely better for this customer"
    )
    runner_up: str | None = Field(
        default=None, description="the second best eligible arm; null at `observational`"
    )
    lead: float | None = Field(
        default=None, description="expected margin over the runner-up's, per message"
    )
    next_level: NextLevel | None = Field(
        default=None, description="what would identify the effects; null where they are"
    )
    preferred: str | None = Field(
        description="the channel that the customer prefers, as the shop declares it; where "
        "effects are identified it is recommended of arms that are worth exactly the same, and "
        "it is never a consent"
    )
    ranking: list[RankedChannel]


class Answer(BaseModel):
    """All that is known of one customer."""

    customer_id: str
    status: Status
    reason: str | None = Field(
        description="why something is missing or null: a model that was not promoted, a table or "
        "column that the shop does not give; and a consent that is assumed"
    )
    retry_after: int | None = Field(default=None, description="seconds, where unavailable")
    churn: Churn | None = None
    next_purchase: NextPurchase | None = None
    value: Value | None = None
    channel: Channel | None = None
    activity_group: Literal["reward", "stimulate", "win_back"] | None = Field(
        default=None, description="by active days per store in 90 days"
    )
    contact_score: int | None = Field(
        default=None,
        description="points of 91 days, as set in nextbuy.toml, for the interactions that the "
        "shop's tables and columns tell of",
    )


class PredictResponse(BaseModel):
    """The answers, in the order of the request, from one snapshot of store and champions."""

    request_id: str
    as_of: datetime
    data_cutoff: datetime
    expires_at: datetime
    models: dict[str, str] = Field(description="version of each champion that answered")
    answers: list[Answer]


_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]


class Asking(BaseModel, extra="forbid"):
    """Of what there is one decision: a customer, a campaign and a key."""

    customer_id: Annotated[str, Field(min_length=1, max_length=200)]
    campaign: _Name
    key: _Name = Field(
        description="names the occasion within the campaign; asked again with the same key, the "
        "decision is the same one. It is written down as it is: nothing personal belongs in it"
    )


class DecisionsRequest(BaseModel, extra="forbid"):
    """What to decide, now."""

    decisions: list[Asking] = Field(max_length=MAX_CUSTOMERS, description="up to 5,000")
    as_of: str | None = Field(
        default=None, description="only where the shop is a simulation: the instant that is now"
    )


class Decided(BaseModel):
    """A decision; only where its status is `ok` was anything drawn and written down now.

    One that was made before, of a channel that may not be used any more, is `refused`.
    """

    decision_id: str | None = Field(
        default=None, description="to be given with the message, and with a message by `none`"
    )
    customer_id: str
    campaign: str
    key: str
    status: Literal["ok", "unknown_customer", "refused", "unavailable"]
    reason: str | None = Field(default=None, description="why there is no channel")
    retry_after: int | None = Field(default=None, description="seconds, where unavailable")
    channel: str | None = Field(default=None, description="`none` is: send no message")
    arm: Arm | None = Field(
        default=None, description="held out, drawn at random, or as the model says"
    )
    propensity: float | None = Field(
        default=None, description="chance of this channel over all three"
    )
    eligible: dict[str, float] | None = Field(
        default=None, description="chance of each arm that could have been drawn"
    )
    policy_version: str | None = Field(
        default=None, description="the channel model, and a hash of the shop's settings"
    )
    decided_at: datetime | None = None
    expires_at: datetime | None = Field(default=None, description="to be carried out until then")
    repeated: bool = Field(default=False, description="it had been made before")


class DecisionsResponse(BaseModel):
    """The decisions, in the order of the request; they are on the disk."""

    request_id: str
    as_of: datetime
    data_cutoff: datetime
    models: dict[str, str] = Field(description="version of each champion that answered")
    decisions: list[Decided]
