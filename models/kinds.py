"""The table of the kinds of models: churn, timing and channel.

No other module spells the names under which the kinds are registered. Code elsewhere uses the
constants `CHURN`, `TIMING` and `CHANNEL` and reads the properties of a kind from `KINDS`, so that
a further kind is one more row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from models.channel.model import ChannelModel
from models.purchase.churn import ChurnModel
from models.purchase.timing import TimingModel

ModelKind = Literal["churn", "repurchase-timing", "best-channel"]
Model = ChurnModel | TimingModel | ChannelModel

CHURN: Final = "churn"
TIMING: Final = "repurchase-timing"
CHANNEL: Final = "best-channel"


@dataclass(frozen=True)
class KindOfModel:
    """The properties of one kind of model.

    Attributes
    ----------
    model : type
        The class of the fitted models of this kind.
    population : {"buyers", "contacts"}
        The customers for whom its models predict: everybody with a purchase known at the cutoff,
        or everybody who can be sent a message.
    baseline : str
        The simplest prediction that a model must not be worse than before it is promoted.
    section : str
        The part of an answer that is null where no model of the kind has been promoted.
    """

    model: type[Model]
    population: Literal["buyers", "contacts"]
    baseline: str
    section: str


KINDS: Mapping[ModelKind, KindOfModel] = {
    CHURN: KindOfModel(
        model=ChurnModel, population="buyers", baseline="the base rate", section="churn"
    ),
    TIMING: KindOfModel(
        model=TimingModel,
        population="buyers",
        baseline="the pooled law of earlier returns",
        section="next_purchase",
    ),
    CHANNEL: KindOfModel(
        model=ChannelModel, population="contacts", baseline="the base rate", section="channel"
    ),
}
