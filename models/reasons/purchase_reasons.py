"""Writes the reasons for a churn or timing score: one per family of features, with a sentence.

The effect of a reason is on the logit scale of the model's score. The baseline and the effects of
all reasons sum to the score exactly.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from features.language.feature import Feature
from features.shop.sensitive_words import find_sensitive_names
from features.shop.settings_file import SensitiveSection
from models.boosters.booster import Columns
from models.boosters.contributions import BASELINE, HISTORY, Contributions
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
# Feature, value, unit and sentence; the first three are None where there is no fact to state.
Description = tuple[str | None, float | None, str | None, str]
_HISTORY_FAMILY = "RFM"
_TEXTS = ("due_category",)  # text features whose values sentences may mention


@dataclass(frozen=True)
class FeatureReason:
    """How much one family of features changes a customer's score, and a sentence that says why.

    Attributes
    ----------
    family : str
        Name of the family of features.
    effect : float
        Effect on the logit scale: of a purchase within H for churn, of the hazard of a return
        for timing. Above 0 it makes a purchase likelier, or a return sooner.
    direction : {"raises", "lowers"}
        The sign of the effect.
    feature : str or None
        The feature that the sentence is about, the one of the family with the largest effect in
        the family's direction; None where there is no fact to state.
    value : float or None
        Its value for the customer, money in the currency's main unit.
    unit : str or None
        Unit of the value: a currency, days and so on.
    sentence : str
        A sentence about the feature.
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
    """The explanation of a customer's score: `baseline` plus all effects is `score`.

    Attributes
    ----------
    score, baseline : float
        On the logit scale; the baseline is the part that is the same for every customer.
    reasons : list of FeatureReason
        The largest effect first.
    """

    score: float
    baseline: float
    reasons: list[FeatureReason]


@dataclass(frozen=True)
class ReasonWriter:
    """Writes the reasons for one shop's scores.

    Attributes
    ----------
    features : dict of str to Feature
        The declarations of all features that the models read, by name.
    money : MoneyFormat
        How amounts are written.
    sensitive : SensitiveSection
        Features and categories that the shop lists as sensitive are never mentioned, even if
        the feature store or the model was made before they were listed.
    """

    features: Mapping[str, Feature]
    money: MoneyFormat
    sensitive: SensitiveSection

    @cached_property
    def _unspoken(self) -> frozenset[str]:
        """Names of the features that must not be mentioned."""
        return frozenset(find_sensitive_names(self.features, self.sensitive)) - set(RFM)

    def family(self, part: str) -> str:
        """Return the family of features to which a term of contributions belongs."""
        return _HISTORY_FAMILY if part == HISTORY else self.features[part].family

    def speakable_facts(self, values: Facts) -> dict[str, Any]:
        """Return the values of a customer's features that are known and may be mentioned."""
        known = {name: value for name, value in values.items() if is_known(value)}
        texts = [known[name] for name in _TEXTS if name in known]
        unspoken = self._unspoken | {
            name
            for name in _TEXTS
            if known.get(name) in find_sensitive_names(texts, self.sensitive)
        }
        return {name: value for name, value in known.items() if name not in unspoken}

    def family_reason(
        self, family: str, effects: Mapping[str, float], facts: Facts
    ) -> FeatureReason:
        """Write the reason of one family of features.

        Parameters
        ----------
        family : str
            Name of the family in the catalog.
        effects : dict of str to float
            Effect of each of its features.
        facts : dict of str to value
            The result of `speakable_facts`.
        """
        effect = sum(effects.values())
        direction: ScoreDirection = "raises" if effect > 0 else "lowers"
        description = self.describe_weightiest(effects, facts, no_fact_sentence(family))
        return FeatureReason(FAMILIES[family], effect, direction, *description)

    def describe_weightiest(
        self, effects: Mapping[str, float], facts: Facts, nothing: str
    ) -> Description:
        """Describe the feature with the largest effect among those with a fact.

        Features whose effect has the direction of the sum of all effects come first.

        Parameters
        ----------
        nothing : str
            The sentence that is used where no feature has a fact.
        """
        name = weightiest(effects, [n for n in effects if n == HISTORY or n in facts])
        if name is None:
            return None, None, None, nothing
        if name == HISTORY:
            return RFM[0], float(facts[RFM[0]]), "days", history_sentence(facts)
        feature, value = self.features[name], float(facts[name])
        sentence = feature_sentence(feature, facts, self.money)
        if feature.unit == "minor units":
            return name, self.money.to_major(value), self.money.currency, sentence
        return name, value, feature.unit, sentence


def weightiest(effects: Mapping[str, float], known: Sequence[str]) -> str | None:
    """Return the term with the largest effect, those with the direction of their sum first.

    Parameters
    ----------
    effects : dict of str to float
        Effect of each term.
    known : sequence of str
        The terms to choose from; None is returned where there is none.
    """
    effect = sum(effects.values())
    return max(known, key=lambda n: (effects[n] * effect > 0, abs(effects[n])), default=None)


def explain_scores(
    parts: Contributions, inputs: Columns, writer: ReasonWriter
) -> list[ScoreExplanation]:
    """Explain the scores of some customers.

    Parameters
    ----------
    parts : Contributions
        The result of a model's method `contributions`: arrays (rows,) by feature, with the
        baseline and the purchase history.
    inputs : columns
        The features of the same customers, one row per customer.
    writer : ReasonWriter
        Writes the sentences.

    Returns
    -------
    list of ScoreExplanation
        One per row; families without an effect are left out.
    """
    families = {name: writer.family(name) for name in parts if name != BASELINE}
    read = {*families, *RFM, *_TEXTS} - {HISTORY}
    columns = {name: np.asarray(inputs[name]) for name in read if name in inputs}
    return [
        _explain_row(
            {name: float(values[row_index]) for name, values in parts.items()},
            families,
            writer.speakable_facts({name: column[row_index] for name, column in columns.items()}),
            writer,
        )
        for row_index in range(len(parts[BASELINE]))
    ]


def _explain_row(
    effects: Mapping[str, float], families: Mapping[str, str], facts: Facts, writer: ReasonWriter
) -> ScoreExplanation:
    """Explain one score: group the effects by family and write a reason of each."""
    grouped: dict[str, dict[str, float]] = {}
    for name, family in families.items():
        grouped.setdefault(family, {})[name] = effects[name]
    reasons = [
        writer.family_reason(family, of_family, facts) for family, of_family in grouped.items()
    ]
    reasons = [reason for reason in reasons if reason.effect]
    return ScoreExplanation(
        score=sum(effects.values()),
        baseline=effects[BASELINE],
        reasons=sorted(reasons, key=lambda reason: -abs(reason.effect)),
    )
