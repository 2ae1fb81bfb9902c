"""Decides through which channel to ask customers, and writes each decision down durably.

A decision is drawn from the answers of the predictor. Nothing here knows of HTTP.
"""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from features.arrays import History
from features.errors import refuse
from features.history.customer_histories import customer_at
from features.ledgers.decisions import Decision, open_decisions
from features.shop.pseudonyms import map_to_stored_ids
from features.shop.shop import Shop
from features.windows import to_datetime, to_instant
from models.arms import arms_with_none
from models.channel.exploration import draw_arm, draw_position
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, best_shares, latest_attribute
from models.kinds import CHANNEL
from serving.answers.predictor import RETRY_SECONDS, ComputedAnswers, Predictor
from serving.schemas.answer_schemas import Answer, Channel
from serving.schemas.decision_schemas import Asking, Decided, DecisionsRequest, DecisionsResponse

_CUSTOMERS_AT_ONCE = 200  # customers whose posteriors are drawn together: 1,000 draws of each arm


class DecisionMaker:
    """Makes the decisions of one shop and keeps them in its decision table.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml; `[decisions]` names the method and, if any, a database.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._table = open_decisions(shop)

    def decide(self, predictor: Predictor, request: DecisionsRequest) -> DecisionsResponse:
        """Make each decision of a request once and write all of them down, or none.

        A decision that was made before, for the same customer, campaign and key, is given again.

        Parameters
        ----------
        predictor : Predictor
            Computes the answers that the decisions are drawn from.
        request : DecisionsRequest
            The decisions to make, each a customer, a campaign and a key.

        Returns
        -------
        DecisionsResponse
            One reply per requested decision, in the order of the request.

        Raises
        ------
        InputError
            An instant that counts as now is given, and the shop is no simulation, or an instant
            cannot be read or lies too far ahead.
        NextbuyError
            The table cannot be written, or the model cannot do what nextbuy.toml asks for.
        """
        as_of = self._read_as_of(predictor, request.as_of)
        send_at = predictor.read_send_at(request.send_at, as_of)
        customer_ids = [asking.customer_id for asking in request.decisions]
        computed = predictor.compute_answers(customer_ids, as_of, send_at)
        expires_at = predictor.expires_at(as_of if send_at is None else send_at)
        drawer = _DecisionDrawer(self._shop, predictor, computed, as_of, expires_at)
        drawn = drawer.draw_all(request.decisions)
        stored = self._table.decide_once(list(drawn.values()))
        decided = {
            position: _reply_decided(
                request.decisions[position],
                decision,
                repeated=decision.decision_id != new.decision_id,
                answer=computed.answers[customer_ids[position]],
            )
            for (position, new), decision in zip(drawn.items(), stored, strict=True)
        }
        return DecisionsResponse(
            **predictor.response_header(as_of),
            decisions=[
                decided.get(position)
                or _reply_undecided(asking, computed.answers[asking.customer_id])
                for position, asking in enumerate(request.decisions)
            ],
        )

    def _read_as_of(self, predictor: Predictor, text: str | None) -> int:
        if text is not None and not self._shop.section.simulated:
            raise refuse(
                "as_of",
                "no such field: a decision is made now",
                f"'{text}'",
                "Leave it out; only a simulated shop is asked as of an earlier instant.",
            )
        return predictor.read_as_of(text)

    def close(self) -> None:
        """Close the decision table; no decision can be made after that."""
        self._table.close()


class _DecisionDrawer:
    """Draws decisions for the customers of one request; none counts until it is written down."""

    def __init__(
        self,
        shop: Shop,
        predictor: Predictor,
        computed: ComputedAnswers,
        as_of: int,
        expires_at: int,
    ) -> None:
        self._shop, self._computed, self._as_of = shop, computed, as_of
        self._expires_at = expires_at
        self._version = make_policy_version(shop, predictor.champions.versions)
        self._accounts = map_to_stored_ids(shop, computed.histories)
        self._shares = _shares_of_best(shop, predictor.champions.channel, computed)

    def draw_all(self, asking: Sequence[Asking]) -> dict[int, Decision]:
        """Draw a decision wherever the answer has a channel, by position in the request."""
        channels = {i: answer.channel for i, answer in self._computed.answers.items()}
        return {
            position: self._draw(one, channel)
            for position, one in enumerate(asking)
            if (channel := channels[one.customer_id]) is not None
        }

    def _draw(self, asking: Asking, channel: Channel) -> Decision:
        account = self._accounts[asking.customer_id]
        history = self._computed.histories[asking.customer_id]
        customer = customer_at(history, account, self._as_of)
        cluster = find_cluster(self._shop.channels.cluster_by, history, customer, self._as_of)
        drawn = draw_arm(
            channel.recommended,
            [ranked.channel for ranked in channel.ranking if ranked.eligible],
            self._shop.decisions,
            draw_position(self._version, *cluster, asking.campaign, asking.key),
            self._shares.get(asking.customer_id),
        )
        send_at = {ranked.channel: ranked.send_at for ranked in channel.ranking}
        return Decision(
            decision_id=uuid.uuid4().hex,
            decided_at=self._as_of,
            expires_at=self._expires_at,
            account=account,
            customer_id=customer,
            campaign=asking.campaign,
            key=asking.key,
            policy_version=self._version,
            channel=drawn.channel,
            arm=drawn.draw_reason,
            propensity=drawn.propensity,
            propensities=drawn.propensities,
            send_at=to_instant(send_at[drawn.channel], self._shop.timezone),
        )


def find_cluster(
    cluster_by: str | None, history: History, customer: str, as_of: int
) -> tuple[str, ...]:
    """Find what customers who draw alike have in common, to be hashed in place of the customer.

    Parameters
    ----------
    cluster_by : str or None
        The attribute of `channels.cluster_by`.
    history : dict of str to columns
        The rows of the customer, by table.
    customer : str
        The customer; the accounts of one customer draw alike.
    as_of : int
        Instant up to which rows are known, in microseconds since 1970 (UTC).

    Returns
    -------
    tuple of str
        The attribute and its latest known value; without one, the customer. The number of texts
        tells the two apart, so that a customer's id is never taken for a value.
    """
    if cluster_by is None:
        return (customer,)
    value = latest_attribute(history.get("attributes"), cluster_by, as_of)
    return (customer,) if value is None else (cluster_by, value)


def _shares_of_best(
    shop: Shop, model: ChannelModel | None, computed: ComputedAnswers
) -> dict[str, dict[str, float]]:
    """Give the probability that each arm is the best one, for Thompson sampling.

    Where nothing was drawn at random there is no posterior, and the recommended channel has
    probability 1.

    Returns
    -------
    dict of customer id to dict of arm to float
        Probabilities between 0 and 1; empty where the shop decides by another method.
    """
    if shop.decisions.method != "thompson" or model is None or not computed.histories:
        return {}
    answered = {i: computed.answers[i].channel for i in computed.histories}
    channels = {i: channel for i, channel in answered.items() if channel is not None}
    if model.level == "observational":
        return {i: {channel.recommended: 1.0} for i, channel in channels.items()}
    shares: dict[str, dict[str, float]] = {}
    worth, arms = MessageValue.of_shop(shop), arms_with_none(model.channels)
    ids = list(computed.histories)
    for start in range(0, len(ids), _CUSTOMERS_AT_ONCE):
        rows = slice(start, start + _CUSTOMERS_AT_ONCE)
        features = {name: values[rows] for name, values in computed.features.items()}
        options = _options(arms, [channels[i] for i in ids[rows]])
        shares |= zip(ids[rows], best_shares(model, worth, features, options), strict=True)
    return shares


def _options(arms: Sequence[str], channels: Sequence[Channel]) -> Options:
    """Read from n answers which arms each customer may be sent, and which channel is preferred."""
    allowed = [{ranked.channel for ranked in c.ranking if ranked.eligible} for c in channels]
    eligible = np.array([[arm in of_customer for arm in arms] for of_customer in allowed])
    return Options.of(arms, eligible, [channel.preferred for channel in channels])


def make_policy_version(shop: Shop, versions: Mapping[str, str]) -> str:
    """Make the name of the policy that draws: channel model and settings that a draw depends on.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml; the address of the decision table is not part of the name.
    versions : dict of model kind to version
        Versions of the champions.

    Returns
    -------
    str
        Version of the channel model, or `none`, and eight digits of a hash of the settings.
    """
    settings = [shop.channels, msgspec.structs.replace(shop.decisions, url=None)]
    digest = hashlib.sha256(msgspec.json.encode(settings)).hexdigest()
    return f"{versions.get(CHANNEL, 'none')}-{digest[:8]}"


def _reply_undecided(asking: Asking, answer: Answer) -> Decided:
    """Reply why no decision was made."""
    if answer.status in ("unknown_customer", "refused", "unavailable"):
        fields = answer.model_dump(include={"status", "reason", "retry_after"})
    else:
        fields = {
            "status": "unavailable",
            "reason": f"no {CHANNEL} model has been promoted: it needs messages to learn from",
            "retry_after": RETRY_SECONDS,
        }
    return Decided(**asking.model_dump(), **fields)


def _reply_decided(asking: Asking, decision: Decision, repeated: bool, answer: Answer) -> Decided:
    """Reply with a decision, made now or before; refuse one whose channel may not be used now."""
    fields: dict[str, Any] = {
        "decision_id": decision.decision_id,
        "policy_version": decision.policy_version,
        "decided_at": to_datetime(decision.decided_at),
        "send_at": None if decision.send_at is None else to_datetime(decision.send_at),
        "expires_at": to_datetime(decision.expires_at),
        "repeated": repeated,
    }
    why_not = _why_not_usable(decision.channel, answer)
    if why_not is not None:
        reason = f"{decision.channel} was decided and may not be used now: {why_not}"
        return Decided(**asking.model_dump(), **fields, status="refused", reason=reason)
    return Decided(
        **asking.model_dump(),
        **fields,
        status="ok",
        channel=decision.channel,
        arm=decision.arm,
        propensity=decision.propensity,
        eligible=decision.propensities,
    )


def _why_not_usable(channel: str, answer: Answer) -> str | None:
    """Explain why a channel may not be used now; None where it may."""
    for ranked in answer.channel.ranking if answer.channel else ():
        if ranked.channel == channel:
            return None if ranked.eligible else ranked.why_not or "not eligible"
    return "the channel model does not know it"
