"""Reasons: what a purchase model made of a customer, by family of features, in plain words.

A reason's effect is on the logit scale of the model's score, and the baseline and the effects of
a customer sum to that score exactly: nothing is left out, and nothing is approximated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from features.language.feature import Feature
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import SensitiveSection
from models.boosters.booster import Columns
from models.boosters.contributions import BASELINE, HISTORY, Parts
from models.btyd.history import RFM
from models.reasons.sentences import (
    FAMILIES,
    Facts,
    MoneyFormat,
    feature_sentence,
    history_sentence,
    is_known,
    no_fact_sentence,
)

ScoreDirection = Literal["raises", "lowers"]
Told = tuple[str | None, float | None, str | None, str]  # feature, value, unit, sentence
_HISTORY_FAMILY = "RFM"
_TEXTS = ("due_category",)  # that sentences may name


@dataclass(frozen=True)
class FeatureReason:
    """What one family of features does to a customer's score.

    Attributes
    ----------
    effect : float
        On the logit scale: of a purchase within H for churn, of the daily return for timing.
        Above 0 it raises the chance to buy again, or brings a returning customer back sooner.
    feature : str or None
        The feature that the sentence is about, the weightiest of the family in its direction;
        None where there is nothing to tell.
    value : float or None
        Its value for the customer, money in the currency's own unit.
    """

    family: str
    effect: float
    direction: ScoreDirection
    feature: str | None
    value: float | None
    unit: str | None
    sentence: str


@dataclass(frozen=True)
class ScoreExplanation:
    """One customer's score: `baseline` plus the reasons' effects is `score`."""

    score: float
    baseline: float
    reasons: list[FeatureReason]


@dataclass(frozen=True)
class ReasonWriter:
    """What it takes to speak of a shop's customers.

    Attributes
    ----------
    features : name -> Feature
        The declarations of all that the models read.
    sensitive : SensitiveSection
        Categories, attributes and names that it finds too personal are never spoken of, even
        if a store or a model was made before they were listed.
    """

    features: Mapping[str, Feature]
    money: MoneyFormat
    sensitive: SensitiveSection

    @cached_property
    def _unspoken(self) -> frozenset[str]:
        return frozenset(find_sensitive_names(self.features, self.sensitive)) - set(RFM)

    def family(self, part: str) -> str:
        """Give the catalog's family of a part."""
        return _HISTORY_FAMILY if part == HISTORY else self.features[part].family

    def facts(self, values: Facts) -> dict[str, Any]:
        """Give what is known of a customer and may be told."""
        known = {name: value for name, value in values.items() if is_known(value)}
        texts = [known[name] for name in _TEXTS if name in known]
        unspoken = self._unspoken | {
            name
            for name in _TEXTS
            if known.get(name) in find_sensitive_names(texts, self.sensitive)
        }
        return {name: value for name, value in known.items() if name not in unspoken}

    def reason(self, family: str, effects: Mapping[str, float], facts: Facts) -> FeatureReason:
        """Tell what a family does."""
        effect = sum(effects.values())
        direction: ScoreDirection = "raises" if effect > 0 else "lowers"
        told = self.tell(effects, facts, no_fact_sentence(family))
        return FeatureReason(FAMILIES[family], effect, direction, *told)

    def tell(self, effects: Mapping[str, float], facts: Facts, nothing: str) -> Told:
        """Tell of the weightiest feature of which there is a fact, or say `nothing`.

        A feature that works in the direction of all together comes before one that works
        against it.
        """
        effect = sum(effects.values())
        known = [name for name in effects if name == HISTORY or name in facts]
        name = max(known, key=lambda n: (effects[n] * effect > 0, abs(effects[n])), default=None)
        if name is None:
            return None, None, None, nothing
        if name == HISTORY:
            return RFM[0], float(facts[RFM[0]]), "days", history_sentence(facts)
        feature, value = self.features[name], float(facts[name])
        sentence = feature_sentence(feature, facts, self.money)
        if feature.unit == "minor units":
            return name, self.money.to_major(value), self.money.currency, sentence
        return name, value, feature.unit, sentence


def explain(parts: Parts, inputs: Columns, speaker: ReasonWriter) -> list[ScoreExplanation]:
    """Explain the scores that a model's `contributions` sum to.

    Parameters
    ----------
    parts : name -> one value per row
        By feature, with the baseline and the purchase history.
    inputs : columns
        The features of the same customers, one row per customer.

    Returns
    -------
    list of Explanation
        One per row; families in the order of the size of their effect, those without any left
        out.
    """
    families = {name: speaker.family(name) for name in parts if name != BASELINE}
    read = {*families, *RFM, *_TEXTS} - {HISTORY}
    columns = {name: np.asarray(inputs[name]) for name in read if name in inputs}
    return [
        _explain_row(
            {name: float(values[place]) for name, values in parts.items()},
            families,
            speaker.facts({name: column[place] for name, column in columns.items()}),
            speaker,
        )
        for place in range(len(parts[BASELINE]))
    ]


def _explain_row(
    effects: Mapping[str, float], families: Mapping[str, str], facts: Facts, speaker: ReasonWriter
) -> ScoreExplanation:
    grouped: dict[str, dict[str, float]] = {}
    for name, family in families.items():
        grouped.setdefault(family, {})[name] = effects[name]
    reasons = [speaker.reason(family, own, facts) for family, own in grouped.items()]
    reasons = [reason for reason in reasons if reason.effect]
    return ScoreExplanation(
        score=sum(effects.values()),
        baseline=effects[BASELINE],
        reasons=sorted(reasons, key=lambda reason: -abs(reason.effect)),
    )
