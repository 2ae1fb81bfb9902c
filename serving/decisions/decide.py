"""From answers to decisions: drawn, then written down. No BentoML in here."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from features.errors import refuse
from features.history.customer_histories import customer_at
from features.ledgers.decisions import Decision, open_decisions
from features.shop.pseudonyms import map_to_stored_ids
from features.shop.shop import Shop
from features.windows import to_datetime
from models.arms import arms_with_none
from models.channel.exploration import draw, draw_at
from models.channel.message_value import MessageValue
from models.channel.model import ChannelModel
from models.channel.recommend import Options, best_shares
from models.kinds import CHANNEL
from serving.answers.predictor import RETRY_SECONDS, ComputedAnswers, Predictor
from serving.schemas.answer_schemas import Answer, Channel
from serving.schemas.decision_schemas import Asking, Decided, DecisionsRequest, DecisionsResponse

_AT_ONCE = 200  # customers whose posteriors are drawn together: 1,000 draws of each arm


class DecisionMaker:
    """Decides for one shop; what it has decided outlives it."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._table = open_decisions(shop)

    def decide(self, predictor: Predictor, request: DecisionsRequest) -> DecisionsResponse:
        """Decide of each customer, campaign and key once, and write it down, all or none.

        Raises
        ------
        InputError
            An instant is given, and the shop is no simulation.
        NextbuyError
            The table cannot be written, or the model cannot do what nextbuy.toml asks for.
        """
        as_of = self._read_as_of(predictor, request.as_of)
        asked = predictor.ask([one.customer_id for one in request.decisions], as_of)
        proposed = _Proposals(self._shop, predictor, asked, as_of).make(request.decisions)
        stored = self._table.decide_once(list(proposed.values()))
        decided = {
            place: _decided(request.decisions[place], one, own, asked)
            for (place, own), one in zip(proposed.items(), stored, strict=True)
        }
        return DecisionsResponse(
            **predictor.says_of_itself(as_of),
            decisions=[
                decided.get(place) or _undecided(one, asked.answers[one.customer_id])
                for place, one in enumerate(request.decisions)
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
        """Close the decision table."""
        self._table.close()


class _Proposals:
    """Draws for the customers of one request; none of it counts until it is written down."""

    def __init__(
        self, shop: Shop, predictor: Predictor, asked: ComputedAnswers, as_of: int
    ) -> None:
        self._shop, self._asked, self._as_of = shop, asked, as_of
        self._expires_at = predictor.expires_at(as_of)
        self._version = policy_version(shop, predictor.champions.versions)
        self._accounts = map_to_stored_ids(shop, asked.histories)
        self._shares = _best_shares(shop, predictor.champions.channel, asked)

    def make(self, asking: Sequence[Asking]) -> dict[int, Decision]:
        """Propose a decision wherever an answer has a channel: place in the request -> decision."""
        channels = {i: answer.channel for i, answer in self._asked.answers.items()}
        return {
            place: self._propose(one, channel)
            for place, one in enumerate(asking)
            if (channel := channels[one.customer_id]) is not None
        }

    def _propose(self, one: Asking, channel: Channel) -> Decision:
        account = self._accounts[one.customer_id]
        # the accounts of one customer draw alike
        customer = customer_at(self._asked.histories[one.customer_id], account, self._as_of)
        drawn = draw(
            channel.recommended,
            [ranked.channel for ranked in channel.ranking if ranked.eligible],
            self._shop.decisions,
            draw_at(self._version, customer, one.campaign, one.key),
            self._shares.get(one.customer_id),
        )
        return Decision(
            decision_id=uuid.uuid4().hex,
            decided_at=self._as_of,
            expires_at=self._expires_at,
            account=account,
            customer_id=customer,
            campaign=one.campaign,
            key=one.key,
            policy_version=self._version,
            **msgspec.structs.asdict(drawn),
        )


def _best_shares(
    shop: Shop, model: ChannelModel | None, asked: ComputedAnswers
) -> dict[str, dict[str, float]]:
    """Say for Thompson's method how often each arm is best, by customer; else nothing.

    Where nothing was drawn at random there is no posterior: what is recommended is all there is.
    """
    if shop.decisions.method != "thompson" or model is None or not asked.histories:
        return {}
    answered = {i: asked.answers[i].channel for i in asked.histories}
    channels = {i: channel for i, channel in answered.items() if channel is not None}
    if model.level == "observational":
        return {i: {channel.recommended: 1.0} for i, channel in channels.items()}
    shares: dict[str, dict[str, float]] = {}
    worth, arms, ids = (
        MessageValue.of_shop(shop),
        arms_with_none(model.channels),
        list(asked.histories),
    )
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        features = {n: v[start : start + _AT_ONCE] for n, v in asked.features.items()}
        options = _options(arms, [channels[i] for i in some])
        shares |= zip(some, best_shares(model, worth, features, options), strict=True)
    return shares


def _options(arms: Sequence[str], channels: Sequence[Channel]) -> Options:
    """Read from answers which arms each customer may be sent, and which channel is preferred."""
    allowed = [{ranked.channel for ranked in c.ranking if ranked.eligible} for c in channels]
    eligible = np.array([[arm in of_customer for arm in arms] for of_customer in allowed])
    return Options.of(arms, eligible, [channel.preferred for channel in channels])


def policy_version(shop: Shop, versions: Mapping[str, str]) -> str:
    """Name what draws: the channel model, and all settings that a draw depends on."""
    settings = [shop.channels, msgspec.structs.replace(shop.decisions, url=None)]
    digest = hashlib.sha256(msgspec.json.encode(settings)).hexdigest()
    return f"{versions.get(CHANNEL, 'none')}-{digest[:8]}"


def _undecided(one: Asking, answer: Answer) -> Decided:
    """Say why nothing was decided."""
    if answer.status in ("unknown_customer", "refused", "unavailable"):
        said = answer.model_dump(include={"status", "reason", "retry_after"})
    else:
        said = {
            "status": "unavailable",
            "reason": f"no {CHANNEL} model has been promoted: it needs messages to learn from",
            "retry_after": RETRY_SECONDS,
        }
    return Decided(**one.model_dump(), **said)


def _decided(one: Asking, stored: Decision, own: Decision, asked: ComputedAnswers) -> Decided:
    """Say what was decided, now or before; not if it may not be carried out any more."""
    said: dict[str, Any] = {
        "decision_id": stored.decision_id,
        "policy_version": stored.policy_version,
        "decided_at": to_datetime(stored.decided_at),
        "expires_at": to_datetime(stored.expires_at),
        "repeated": stored.decision_id != own.decision_id,
    }
    why_not = _why_not(stored.channel, asked.answers[one.customer_id])
    if why_not is not None:
        reason = f"{stored.channel} was decided and may not be used now: {why_not}"
        return Decided(**one.model_dump(), **said, status="refused", reason=reason)
    return Decided(
        **one.model_dump(),
        **said,
        status="ok",
        channel=stored.channel,
        arm=stored.arm,
        propensity=stored.propensity,
        eligible=stored.propensities,
    )


def _why_not(decided: str, answer: Answer) -> str | None:
    """Say why a channel may not be used now; None if it may."""
    for ranked in answer.channel.ranking if answer.channel else ():
        if ranked.channel == decided:
            return None if ranked.eligible else ranked.why_not or "not eligible"
    return "the channel model does not know it"
