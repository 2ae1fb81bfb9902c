"""Why the models say what they say, put into the form of the explanation."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from features.arrays import FeatureColumns
from features.shop.shop import Shop
from models.reasons.purchase_reasons import ReasonWriter, explain
from models.reasons.purchase_reasons import ScoreExplanation as Explained
from models.registry import Champions
from serving.answers.channel_explanations import make_channel_reasons
from serving.schemas.answer_schemas import Answer
from serving.schemas.reason_schemas import ChurnReasons, Explanation, NextPurchaseReasons, Reason


def make_explanations(
    champions: Champions,
    shop: Shop,
    speaker: ReasonWriter,
    answers: Mapping[str, Answer],
    ids: Sequence[str],
    features: FeatureColumns,
) -> dict[str, Explanation]:
    """Give reasons for answers, by customer id; a model that did not answer gives none.

    Parameters
    ----------
    ids : sequence of str
        The customers whose features were computed.
    features : name -> one value per customer, in the order of `ids`
    """
    explanations = {i: _without_reasons(answer) for i, answer in answers.items()}
    rows = [place for place, i in enumerate(ids) if answers[i].churn is not None]
    if rows:
        pairs = [(answers[ids[row]], explanations[ids[row]]) for row in rows]
        predicted = {name: values[rows] for name, values in features.items()}
        _add_reasons(champions, speaker, pairs, predicted)
    for place, i in enumerate(ids):
        channel = answers[i].channel
        if champions.channel is not None and channel is not None:
            own = {name: values[[place]] for name, values in features.items()}
            explanations[i].channel = make_channel_reasons(
                champions.channel, shop, speaker, channel, own
            )
    return explanations


def _without_reasons(answer: Answer) -> Explanation:
    return Explanation(
        customer_id=answer.customer_id,
        status=answer.status,
        reason=answer.reason,
        retry_after=answer.retry_after,
    )


def _add_reasons(
    champions: Champions,
    speaker: ReasonWriter,
    pairs: Sequence[tuple[Answer, Explanation]],
    features: FeatureColumns,
) -> None:
    """Fill in the reasons of customers with a prediction."""
    churn, timing = champions.churn, champions.timing
    if churn is not None:
        explained = explain(churn.contributions(features), features, speaker)
        for (answer, explanation), of_churn in zip(pairs, explained, strict=True):
            explanation.churn = _churn(answer, of_churn)
    if timing is not None:
        explained = explain(timing.contributions(features), features, speaker)
        for (answer, explanation), of_timing in zip(pairs, explained, strict=True):
            explanation.next_purchase = _next_purchase(answer, of_timing)


def _churn(answer: Answer, explained: Explained) -> ChurnReasons | None:
    if answer.churn is None:
        return None
    return ChurnReasons(
        p_churn=answer.churn.p_churn,
        horizon_days=answer.churn.horizon_days,
        score=explained.score,
        baseline=explained.baseline,
        reasons=_reasons(explained),
    )


def _next_purchase(answer: Answer, explained: Explained) -> NextPurchaseReasons | None:
    if answer.next_purchase is None:
        return None
    return NextPurchaseReasons(
        median_at=answer.next_purchase.if_returns.median_at,
        score=explained.score,
        baseline=explained.baseline,
        reasons=_reasons(explained),
    )


def _reasons(explained: Explained) -> list[Reason]:
    return [Reason(**asdict(reason)) for reason in explained.reasons]
