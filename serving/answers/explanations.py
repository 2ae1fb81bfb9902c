"""Explains the answers of customers: which families of features raise or lower a prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from features.arrays import FeatureColumns
from features.shop.shop import Shop
from models.reasons.purchase_reasons import ReasonWriter, ScoreExplanation, explain_scores
from models.registry import Champions
from serving.answers.channel_explanations import make_channel_reasons
from serving.schemas.answer_schemas import Answer
from serving.schemas.reason_schemas import ChurnReasons, Explanation, NextPurchaseReasons, Reason


def make_explanations(
    champions: Champions,
    shop: Shop,
    writer: ReasonWriter,
    answers: Mapping[str, Answer],
    ids: Sequence[str],
    features: FeatureColumns,
) -> dict[str, Explanation]:
    """Make the explanations of answers; a model that did not answer gives no reasons.

    Parameters
    ----------
    champions : Champions
        The models that the answers were computed with.
    shop : Shop
        Settings of nextbuy.toml.
    writer : ReasonWriter
        Writes the sentences about features and money.
    answers : dict of customer id to Answer
        The answers that are explained.
    ids : sequence of n str
        The customers whose features were computed; other customers get no reasons.
    features : dict of feature name to array (n,)
        One value per customer, in the order of `ids`.

    Returns
    -------
    dict of customer id to Explanation
        One per answer, in the order of `answers`.
    """
    explanations = {i: _without_reasons(answer) for i, answer in answers.items()}
    rows = [row_index for row_index, i in enumerate(ids) if answers[i].churn is not None]
    if rows:
        pairs = [(answers[ids[row]], explanations[ids[row]]) for row in rows]
        predicted = {name: values[rows] for name, values in features.items()}
        _fill_in_purchase_reasons(champions, writer, pairs, predicted)
    for row_index, i in enumerate(ids):
        channel = answers[i].channel
        if champions.channel is not None and channel is not None:
            of_customer = {name: values[[row_index]] for name, values in features.items()}
            explanations[i].channel = make_channel_reasons(
                champions.channel, shop, writer, channel, of_customer
            )
    return explanations


def _without_reasons(answer: Answer) -> Explanation:
    return Explanation(
        customer_id=answer.customer_id,
        status=answer.status,
        reason=answer.reason,
        retry_after=answer.retry_after,
    )


def _fill_in_purchase_reasons(
    champions: Champions,
    writer: ReasonWriter,
    pairs: Sequence[tuple[Answer, Explanation]],
    features: FeatureColumns,
) -> None:
    """Fill in the reasons of churn and timing for n customers with a prediction.

    Parameters
    ----------
    pairs : sequence of n (Answer, Explanation)
        The explanations are changed in place.
    features : dict of feature name to array (n,)
        One value per customer, in the order of `pairs`.
    """
    churn, timing = champions.churn, champions.timing
    if churn is not None:
        scores = explain_scores(churn.contributions(features), features, writer)
        for (answer, explanation), score in zip(pairs, scores, strict=True):
            explanation.churn = _churn_reasons(answer, score)
    if timing is not None:
        scores = explain_scores(timing.contributions(features), features, writer)
        for (answer, explanation), score in zip(pairs, scores, strict=True):
            explanation.next_purchase = _next_purchase_reasons(answer, score)


def _churn_reasons(answer: Answer, explained: ScoreExplanation) -> ChurnReasons | None:
    if answer.churn is None:
        return None
    return ChurnReasons(
        p_churn=answer.churn.p_churn,
        horizon_days=answer.churn.horizon_days,
        score=explained.score,
        baseline=explained.baseline,
        reasons=_reasons(explained),
    )


def _next_purchase_reasons(
    answer: Answer, explained: ScoreExplanation
) -> NextPurchaseReasons | None:
    if answer.next_purchase is None:
        return None
    return NextPurchaseReasons(
        median_at=answer.next_purchase.if_returns.median_at,
        score=explained.score,
        baseline=explained.baseline,
        reasons=_reasons(explained),
    )


def _reasons(explained: ScoreExplanation) -> list[Reason]:
    return [Reason(**asdict(reason)) for reason in explained.reasons]
