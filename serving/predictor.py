"""From customer ids to answers: history, features, models. No BentoML in here."""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from features.catalog import make_catalog
from features.faults import NextbuyError, refuse
from features.feature import Catalog
from features.history import batch
from features.numpy_engine import compute_features
from features.shop import Shop, read_shop
from features.store import HistoryStore, store_path
from features.windows import DAY, local_day, read_cutoff, to_datetime
from models.policy import objects_to_profiling
from models.registry import Champions, read_champions
from serving.answers import Tables, make_answers
from serving.schemas import Answer, PredictResponse
from serving.settings import read_settings

_HOUR = DAY // 24
_RETRY_SECONDS = 3600


@dataclass(frozen=True)
class Predictor:
    """One snapshot of history store and champions; a request is answered from one of these."""

    shop: Shop
    store: HistoryStore
    champions: Champions
    max_age_hours: float
    expires_hours: float

    def __post_init__(self) -> None:
        self._check_agreement()

    @cached_property
    def catalog(self) -> Catalog:
        """The features that the champions read.

        Raises
        ------
        NextbuyError
            The store does not hold what one of them needs.
        """
        versions = self.champions.by_kind.values()
        channels = sorted({channel for v in versions for channel in v.head.channels})
        provided = {t: frozenset(names) for t, names in self.store.info.provided.items()}
        available = make_catalog(channels).available(provided)
        wanted = {name for v in versions for name in v.model.inputs}
        if missing := sorted(wanted - available.keys()):
            raise NextbuyError(
                f"the champions read {', '.join(missing)}, and the history store was built "
                "without the table or column for them. Build it from all the tables that the "
                "models were trained on, or train again without them."
            )
        return available.select(wanted | {"T"})

    def _check_agreement(self) -> None:
        """Refuse a store or a champion made under other settings: money and days would differ."""
        section, info = self.shop.section, self.store.info
        found = {"the history store": (info.currency, info.timezone)}
        for kind, version in self.champions.by_kind.items():
            found[f"{kind} version {version.version}"] = (version.head.currency, section.timezone)
        for what, settings in found.items():
            if settings != (section.currency, section.timezone):
                raise NextbuyError(
                    f"nextbuy.toml has {section.currency} and {section.timezone}, {what} was made "
                    f"with {settings[0]} and {settings[1]}. Set them back, or build the store and "
                    "train the models again."
                )
        _ = self.catalog

    def predict(self, customer_ids: Sequence[str], as_of: int) -> PredictResponse:
        """Answer for each customer id, in the order given.

        Parameters
        ----------
        as_of : int
            The instant that the answers speak of: only what was known then is read.
        """
        reason = self.unavailable(as_of)
        if reason is None:
            answers = self._answer(list(dict.fromkeys(customer_ids)), as_of)
        else:
            answers = {i: _unavailable(i, reason) for i in customer_ids}
        return PredictResponse(
            request_id=uuid.uuid4().hex,
            as_of=to_datetime(as_of),
            data_cutoff=to_datetime(self.store.info.data_cutoff),
            expires_at=to_datetime(as_of + round(self.expires_hours * _HOUR)),
            models=self.champions.versions,
            answers=[answers[i] for i in customer_ids],
        )

    def read_as_of(self, text: str | None) -> int:
        """Read the instant asked about: like a cutoff, and not after now; default: now.

        Raises
        ------
        InputError
            It is no instant, or lies in the future.
        """
        now = time.time_ns() // 1000
        as_of = now if text is None else read_cutoff(text, self.shop.timezone, "as_of")
        if as_of > now:
            raise refuse(
                "as_of",
                "an instant not after now",
                f"'{text}'",
                "Leave it out for now.",
            )
        return as_of

    def unavailable(self, as_of: int) -> str | None:
        """Say why nothing can be answered at an instant; None if it can.

        A store that ends long before the instant would make every customer look silent.
        """
        if not self.champions.by_kind:
            return "no model has been promoted yet: run `nextbuy train` and `nextbuy promote`"
        age = (as_of - self.store.info.data_cutoff) / _HOUR
        if age > self.max_age_hours:
            return (
                f"the history store ends {to_datetime(self.store.info.data_cutoff):%Y-%m-%d %H:%M} "
                f"UTC, {age:.0f} hours before as_of (at most {self.max_age_hours:g}): build it "
                "again with `nextbuy features --online`, or ask with an earlier as_of"
            )
        return None

    def _answer(self, customer_ids: list[str], as_of: int) -> dict[str, Answer]:
        found = self.store.read(customer_ids)
        answers: dict[str, Answer] = {}
        asked = []
        for customer_id in customer_ids:
            tables = found.get(customer_id)
            if tables is None or not _is_known(tables, as_of):
                answers[customer_id] = Answer(
                    customer_id=customer_id,
                    status="unknown_customer",
                    reason="nothing is known of this customer at as_of",
                )
            elif objects_to_profiling(tables.get("consents"), as_of):
                answers[customer_id] = Answer(
                    customer_id=customer_id,
                    status="refused",
                    reason="the customer has objected to profiling",
                )
            else:
                asked.append(customer_id)
        if asked:
            answers |= self._predict({i: found[i] for i in asked}, as_of)
        return answers

    def _predict(self, found: Mapping[str, Tables], as_of: int) -> dict[str, Answer]:
        """Run the models for customers who are known and have not objected."""
        day = local_day(as_of, self.shop.timezone)
        features = compute_features(self.catalog, batch(list(found.values())), as_of, day)
        return make_answers(self.champions, self.shop, found, features, as_of)


def load_predictor(shop: Shop, max_age_hours: float, expires_hours: float) -> Predictor:
    """Load the current store and champions of a shop.

    Raises
    ------
    NextbuyError
        The store or an artefact cannot be read.
    """
    store = HistoryStore(store_path(shop))
    return Predictor(shop, store, read_champions(shop.tracking_uri), max_age_hours, expires_hours)


def predict_once(shop: Path, customer_ids: Sequence[str], as_of: str | None) -> PredictResponse:
    """Answer for some customers without a running service, under the same settings."""
    settings = read_settings({**os.environ, "NEXTBUY_SHOP": str(shop)})
    predictor = load_predictor(
        read_shop(settings.shop), settings.max_age_hours, settings.expires_hours
    )
    return predictor.predict(customer_ids, predictor.read_as_of(as_of))


def _is_known(tables: Tables, as_of: int) -> bool:
    """Say whether a row of any table was known; one without a clock counts."""
    return any(bool((~(table["known_at"] > as_of)).any()) for table in tables.values())


def _unavailable(customer_id: str, reason: str) -> Answer:
    return Answer(
        customer_id=customer_id,
        status="unavailable",
        reason=reason,
        retry_after=_RETRY_SECONDS,
    )
