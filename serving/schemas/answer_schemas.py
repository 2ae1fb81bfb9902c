"""Schemas of `/v1/predict`: its request, and the answer with a section per model."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from models.channel.best_moment import BLOCK_HOURS, MIN_OWN_EVENTS, Weekday

MAX_CUSTOMERS = 5000
MAX_DAYS_AHEAD = 14  # an instant of sending is at most so many days after as-of
MAX_EXPLAINED = 20  # explaining one customer takes longer than answering for it

Status = Literal["ok", "low_data", "no_purchase", "unknown_customer", "refused", "unavailable"]
STATUS_MEANING = (
    "`ok`: answered; `low_data`: answered from a BTYD model or from what holds for all, or not "
    "at all, where the shop has too little data, as `reason` says; `no_purchase`: a known contact "
    "without a purchase; `unknown_customer`: nothing is known of the customer; `refused`: the "
    "customer objects to profiling; `unavailable`: the service cannot answer at present."
)


class PredictRequest(BaseModel, extra="forbid"):
    """Names the customers to answer for and the instant; an unknown field is refused."""

    customer_ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        max_length=MAX_CUSTOMERS,
        description="Customer ids as the shop writes them, at most 5,000 in a request.",
    )
    as_of: str | None = Field(
        default=None,
        description="The instant that the answers speak of, in ISO 8601; without it, now. A bare "
        "date means the end of that day. A time without a zone is read in the shop's time zone.",
        examples=["2025-10-01", "2025-10-01T21:59:59Z"],
    )
    send_at: str | None = Field(
        default=None,
        description="The instant at which a message would be sent, in ISO 8601 with a time of day, "
        f"from `as_of` on and at most {MAX_DAYS_AHEAD} days after it. The channels are predicted "
        "for it, and are eligible or not at it, by what is known at `as_of`. Without it each "
        "channel is sent at the first instant from `as_of` on that is outside its quiet hours, "
        "`none` at `as_of`, and is eligible or not at `as_of`. A time without a zone is read in "
        "the shop's time zone.",
        examples=["2025-10-02T17:30:00Z"],
    )


class ExplainRequest(PredictRequest):
    """Names the customers to give reasons for and the instant; an unknown field is refused."""

    customer_ids: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        max_length=MAX_EXPLAINED,
        description="Customer ids as the shop writes them, at most 20 in a request.",
    )


class Churn(BaseModel):
    """Prediction whether the customer buys again within the horizon."""

    p_churn: float = Field(
        description="Probability, 0 to 1, that the customer buys nothing within the horizon."
    )
    horizon_days: int = Field(description="Length of the horizon in days, stored with the model.")
    percentile: int = Field(
        description="Share of all customers, in %, who are less likely to churn than this one."
    )
    band: Literal["low", "medium", "high", "very_high"] = Field(
        description="`p_churn` in words: below 0.25 low, below 0.5 medium, below 0.75 high, "
        "otherwise very_high."
    )


class IfReturns(BaseModel):
    """Prediction of when the next purchase happens, given that there is one within the horizon."""

    median_at: datetime = Field(
        description="The instant before which half of such purchases are expected."
    )
    window_50: tuple[datetime, datetime] = Field(
        description="First and last instant of the central interval that holds 50 % of the "
        "probability."
    )
    window_80: tuple[datetime, datetime] = Field(
        description="First and last instant of the central interval that holds 80 % of the "
        "probability."
    )


class Due(BaseModel):
    """Product category that the customer is expected to buy again, and when that is due."""

    category: str = Field(description="Name of the category, as the shop writes it.")
    due_at: datetime = Field(
        description="When the category was last bought, plus its cycle: the customer's own mean "
        "gap in the category, drawn to that of all customers by two pseudo-gaps. Before `as_of` "
        "means overdue."
    )


class NextPurchase(BaseModel):
    """Prediction of when the customer buys next, with the categories that are due."""

    p_within: dict[str, float] = Field(
        description="Probability, 0 to 1, of a purchase within so many days; the keys are days."
    )
    expected_at: datetime | None = Field(
        description="The instant by which a purchase is as likely as not; null where that does "
        "not happen within the horizon."
    )
    if_returns: IfReturns = Field(
        description="When the purchase happens, given that there is one within the horizon."
    )
    typical_gap_days: float | None = Field(
        description="Median of the customer's own gaps, in days from one day with a purchase to "
        "the next, not drawn to anybody else's. Null for a customer who has bought on one day "
        "only."
    )
    due: list[Due] | None = Field(
        default=None,
        description="Categories whose replenishment is overdue or due within the horizon, the "
        "earliest first; of more than 10, those with the most order lines. A category has a cycle "
        "once 30 repeat purchases of it are known. Null for a shop without order lines or without "
        "categories.",
    )


class Value(BaseModel):
    """Prediction of the customer's purchases and spend within the horizon."""

    expected_purchases: float = Field(
        description="Expected number of days with a purchase within the horizon."
    )
    expected_spend: float | None = Field(
        description="Expected amount paid within the horizon, in `currency`. Null where orders "
        "have no amounts, where there are too few repeat buyers to fit it, or where amounts are "
        "too unequal for a mean."
    )
    reason: str | None = Field(None, description="Why `expected_spend` is null.")
    currency: str = Field(description="ISO 4217 code of `expected_spend`.")


class BestMoment(BaseModel):
    """Weekday and hour at which messages of a channel do best, in the shop's local time."""

    weekday: Weekday | None = Field(
        description="The best day of the week; null where no day can be told to be better."
    )
    hour: int | None = Field(
        description=f"The first of the {BLOCK_HOURS} best hours, 0 to 23, none of which is among "
        "the quiet hours; null where no hours can be told to be better."
    )
    outcome: Literal["click", "purchase"] = Field(
        description="What the moment is best for: a click within 24 hours or, in a channel "
        "without clicks, a purchase within the window."
    )
    basis: Literal["association"] = Field(
        description="Always `association`: the shop chose when to send what to whom, so this is "
        "not an effect of the moment."
    )
    own_events: int = Field(
        description="Number of the customer's own clicks and orders of a year, those of one day "
        f"and block of hours counted once; from {MIN_OWN_EVENTS} on they move the moment."
    )
    sends: int = Field(
        description="Number of the channel's messages that the pattern was learned from."
    )


class RankedChannel(BaseModel):
    """Prediction for one channel and one customer, and whether the channel may be used."""

    channel: str = Field(description="Name of the channel; `none` stands for no message.")
    p_conversion: float | None = Field(
        description="Probability, 0 to 1, of a purchase within the window after a message. An "
        "association at the level `observational`. Null for a channel that was never logged, or "
        "never drawn where others were."
    )
    uplift: float | None = Field(
        description="What the message adds to that probability, against no message. Null where "
        "no randomised sends identify it, and where the channel is not eligible."
    )
    uplift_90: tuple[float, float] | None = Field(
        default=None, description="Lower and upper end of the 90 % interval of `uplift`."
    )
    expected_margin: float | None = Field(
        default=None,
        description="Margin of the expected purchase less the message's cost and fatigue, as "
        "nextbuy.toml sets them, in the shop's currency. Null where the effect is not identified.",
    )
    send_at: datetime = Field(
        description="The instant of sending that the prediction is for: that of the request or, "
        "without one, the first from `as_of` on that is outside the channel's quiet hours."
    )
    eligible: bool = Field(
        description="Whether consent, reachability, caps and quiet hours allow the channel, at "
        "the request's `send_at` or, without one, at `as_of`."
    )
    why_not: str | None = Field(
        description="Why the channel is not eligible, in words: consent, reachability, a cap or "
        "quiet hours. Null where it is eligible."
    )
    eligible_from: datetime | None = Field(
        description="The first instant at which the channel is eligible again if nothing is sent "
        "until then. Null unless only caps or quiet hours stand against the channel."
    )
    best_moment: BestMoment | None = Field(
        default=None,
        description="When messages of the channel do best. Null where no weekday or hour can be "
        "told to be better.",
    )


class NextLevel(BaseModel):
    """Randomised sends that are missing before effects of the channels can be identified."""

    level: Literal["exploring"] = Field(description="The level that would be reached.")
    randomised_sends: dict[str, int] = Field(
        description="Number of sends that must still be drawn at random, by channel, `none` among "
        "them."
    )


class Channel(BaseModel):
    """Recommended channel for the customer and a ranking of all; `none` is one of them."""

    recommended: str = Field(
        description="The recommended channel, always an eligible one; `none` means no message."
    )
    level: Literal["observational", "exploring", "rich"] = Field(
        description="What the shop's messages identify. `observational`: associations alone; "
        "`exploring`: effects, from sends that were drawn at random; `rich`: these effects "
        "corrected by trees, which was shown to earn more."
    )
    basis: Literal["association", "best_overall", "personal"] = Field(
        description="What the recommendation rests on. `association`: the shop's order as it is "
        "written or, without one, the channel with the best conversion, the same for everybody; "
        "`personal`: better for this customer, with 90 % confidence, than the channel that is "
        "best on average of those eligible; `best_overall`: not surely better."
    )
    runner_up: str | None = Field(
        default=None,
        description="The second best eligible channel, `none` included; null at `observational`.",
    )
    lead: float | None = Field(
        default=None,
        description="Expected margin per message above the runner-up's, in the shop's currency.",
    )
    next_level: NextLevel | None = Field(
        default=None,
        description="What is missing to identify effects; null where they are identified.",
    )
    preferred: str | None = Field(
        description="The channel that the customer prefers, as the shop declares it. Where "
        "effects are identified, it is recommended among channels that are worth exactly the same; "
        "it is never a consent. Null where none is declared."
    )
    ranking: list[RankedChannel] = Field(
        description="All channels and `none`, the eligible ones first, the best of them first."
    )


class Answer(BaseModel):
    """All predictions for one customer; a part that cannot be computed is null."""

    customer_id: str = Field(description="The customer id, as it was sent.")
    status: Status = Field(description=STATUS_MEANING)
    reason: str | None = Field(
        description="Why there is no answer or why a part of it is null (a model that was not "
        "promoted, a table or column that the shop does not give), and which consent is assumed; "
        "null where nothing is missing."
    )
    retry_after: int | None = Field(
        default=None, description="Seconds after which to ask again, where unavailable."
    )
    churn: Churn | None = Field(
        default=None,
        description="Whether the customer buys again; null without a purchase or without a model.",
    )
    next_purchase: NextPurchase | None = Field(
        default=None,
        description="When the customer buys next; null without a purchase or without a model.",
    )
    value: Value | None = Field(
        default=None,
        description="What the customer will be worth; null without a purchase or without a model.",
    )
    channel: Channel | None = Field(
        default=None,
        description="Through which channel to ask, for contacts without a purchase too; null "
        "without a model.",
    )
    activity_group: Literal["reward", "stimulate", "win_back"] | None = Field(
        default=None,
        description="What the customer's active days of 90 days suggest, judged store by store. "
        "`reward`: highly active in two stores or more, or in the only one; `stimulate`: highly "
        "active in one of several, or less so in the only one; `win_back`: otherwise.",
    )
    contact_score: int | None = Field(
        default=None,
        description="Points of the customer's contacts of 91 days, as nextbuy.toml sets them, for "
        "the interactions that the shop's tables and columns tell of.",
    )


class PredictResponse(BaseModel):
    """Answers for customers, all from one state of the history store and one set of models."""

    request_id: str = Field(description="Identifies this response.")
    as_of: datetime = Field(
        description="The instant that the answers speak of; only what was known then is read."
    )
    data_cutoff: datetime = Field(description="The instant at which the data of the shop ends.")
    expires_at: datetime = Field(description="The instant until which the answers may be used.")
    models: dict[str, str] = Field(
        description="Version of the model that answered, by kind of model."
    )
    answers: list[Answer] = Field(description="One answer per customer id, in the order sent.")
