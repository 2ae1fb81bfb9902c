"""From customer ids to answers: history, features, models. No BentoML in here."""

import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from features.arrays import Array, History
from features.catalog.relations import CATEGORY_CYCLE
from features.engines.plan import FeaturePlan
from features.errors import refuse
from features.history.customer_histories import read_customer_histories
from features.language.catalog import Catalog
from features.language.scope import Lookups, Scope
from features.ledgers.journal import open_journal
from features.shop.pseudonyms import map_to_stored_ids
from features.shop.sensitive_words import find_sensitive_names
from features.shop.shop import Shop
from features.store.address import store_target
from features.store.fresh import FreshStore
from features.store.protocol import HistoryStore
from features.windows import DAY, local_day, read_cutoff, to_datetime
from models.channel.eligibility import objects_to_profiling
from models.reasons.purchase_reasons import ReasonWriter
from models.reasons.sentences import MoneyFormat
from models.registry import Champions, read_champions
from serving.answers.answers import make_answers
from serving.answers.compatibility import check_settings, make_catalogs
from serving.answers.explanations import make_explanations
from serving.answers.standing_reasons import standing_reasons
from serving.schemas.answer_schemas import MAX_EXPLAINED, Answer, PredictResponse
from serving.schemas.reason_schemas import ExplainResponse

_HOUR = DAY // 24
RETRY_SECONDS = 3600


@dataclass(frozen=True)
class Predictor:
    """One snapshot of history store and champions; a request is answered from one of these."""

    shop: Shop
    store: HistoryStore
    champions: Champions
    max_age_hours: float
    expires_hours: float

    def __post_init__(self) -> None:
        check_settings(self.shop, self.store.info, self.champions)
        _ = self.catalogs

    @cached_property
    def catalogs(self) -> list[Catalog]:
        """The features that champions read and answers show, one catalog per vocabulary."""
        return make_catalogs(self.store.info, self.champions)

    @cached_property
    def _plans(self) -> list[FeaturePlan]:
        return [FeaturePlan(catalog) for catalog in self.catalogs]

    @cached_property
    def _speaker(self) -> ReasonWriter:
        features = {name: f for catalog in self.catalogs for name, f in catalog.items()}
        money = MoneyFormat(self.shop.section.currency, self.shop.minor_digits)
        return ReasonWriter(features, money, self.shop.sensitive)

    @cached_property
    def _standing_reason(self) -> str:
        """What every answer states, empty where there is nothing to state."""
        return "; ".join(standing_reasons(self.champions, self.shop, self.store.info.vocabulary))

    @cached_property
    def _unspoken(self) -> frozenset[str]:
        """Categories found too personal, even if the store was built before they were listed."""
        tables = [
            lookups.tables.get(CATEGORY_CYCLE.name, {}) for lookups in self.store.info.lookups
        ]
        categories = {name for table in tables for column in table.values() for name in column}
        return frozenset(find_sensitive_names(categories, self.shop.sensitive))

    def predict(self, customer_ids: Sequence[str], as_of: int) -> PredictResponse:
        """Answer for each customer id, in the order given.

        Parameters
        ----------
        as_of : int
            The instant that the answers speak of: only what was known then is read.
        """
        answers = self.ask(customer_ids, as_of).answers
        return PredictResponse(
            **self.says_of_itself(as_of),
            expires_at=to_datetime(self.expires_at(as_of)),
            answers=[answers[i] for i in customer_ids],
        )

    def explain(self, customer_ids: Sequence[str], as_of: int) -> ExplainResponse:
        """Give the reasons of the answers that `predict` gives, for a few customers.

        Raises
        ------
        InputError
            More customers than are explained at once.
        """
        if len(customer_ids) > MAX_EXPLAINED:
            raise refuse(
                "customer_ids",
                f"at most {MAX_EXPLAINED} customers to explain at once",
                str(len(customer_ids)),
                "Ask for fewer, or several times.",
            )
        asked = self.ask(customer_ids, as_of)
        told = make_explanations(
            self.champions,
            self.shop,
            self._speaker,
            asked.answers,
            list(asked.histories),
            asked.features,
        )
        return ExplainResponse(
            **self.says_of_itself(as_of), explanations=[told[i] for i in customer_ids]
        )

    def says_of_itself(self, as_of: int) -> dict[str, Any]:
        """Say what every response does: the instants, and the versions that answered."""
        return {
            "request_id": uuid.uuid4().hex,
            "as_of": to_datetime(as_of),
            "data_cutoff": to_datetime(self.store.data_cutoff),
            "models": self.champions.versions,
        }

    def expires_at(self, as_of: int) -> int:
        """Say until when an answer may be used."""
        return as_of + round(self.expires_hours * _HOUR)

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
        age = (as_of - self.store.data_cutoff) / _HOUR
        if age > self.max_age_hours:
            return (
                f"the history store ends {to_datetime(self.store.data_cutoff):%Y-%m-%d %H:%M} "
                f"UTC, {age:.0f} hours before as_of (at most {self.max_age_hours:g}): build it "
                "again with `nextbuy features --online`, or ask with an earlier as_of"
            )
        if as_of < (self.store.info.answers_from or as_of):
            return (
                f"the history store holds what is needed from "
                f"{to_datetime(self.store.info.answers_from or 0):%Y-%m-%d %H:%M} UTC on: build "
                "it with an earlier --cutoff, or ask with a later as_of"
            )
        if self.store.info.lookups_at(as_of) is None and any(c.lookups for c in self.catalogs):
            first = min(lookups.built_at for lookups in self.store.info.lookups)
            return (
                "the statistics of all customers that the features compare with are there from "
                f"{to_datetime(first):%Y-%m-%d %H:%M} UTC on, after as_of: "
                "build the store with an earlier --cutoff, or ask with a later as_of"
            )
        return None

    def ask(self, customer_ids: Sequence[str], as_of: int) -> "ComputedAnswers":
        """Find, compute and answer, each customer once."""
        reason = self.unavailable(as_of)
        if reason is not None:
            return ComputedAnswers({i: _unavailable(i, reason) for i in customer_ids}, {}, {})
        answers, found = self._sort_out(list(dict.fromkeys(customer_ids)), as_of)
        features = self._compute(found, as_of) if found else {}
        if found:
            made = make_answers(self.champions, self.shop, found, features, as_of, self._unspoken)
            for answer in made.values():
                stated = filter(None, (answer.reason, self._standing_reason))
                answer.reason = "; ".join(stated) or None
            answers |= made
        return ComputedAnswers(answers, found, features)

    def _sort_out(
        self, customer_ids: list[str], as_of: int
    ) -> tuple[dict[str, Answer], dict[str, History]]:
        """Answer for the unknown and those who object; give the histories of all others."""
        found = self._read(customer_ids, as_of)
        answers: dict[str, Answer] = {}
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
        return answers, {i: found[i] for i in customer_ids if i not in answers}

    def _read(self, customer_ids: list[str], as_of: int) -> dict[str, History]:
        """Read histories by the ids as sent, over all accounts of a customer.

        A pseudonymised store knows other ids.
        """
        stored = map_to_stored_ids(self.shop, customer_ids)
        found = read_customer_histories(self.store.read, stored.values(), as_of)
        return {sent: found[own] for sent, own in stored.items() if own in found}

    def _compute(self, found: Mapping[str, History], as_of: int) -> dict[str, Array]:
        """Compute the features of customers who are known and have not objected."""
        lookups = self.store.info.lookups_at(as_of)
        scope = Scope(as_of, local_day(as_of, self.shop.timezone), lookups or Lookups(as_of))
        histories = list(found.values())
        features: dict[str, Array] = {}
        for plan in self._plans:
            features |= plan.compute(histories, scope)
        return features

    def close(self) -> None:
        """Close the history store and the journal; nothing can be answered after that."""
        self.store.close()


@dataclass(frozen=True)
class ComputedAnswers:
    """What was found out at once about some customers.

    Attributes
    ----------
    histories : dict of str to tables
        Of the customers whose features were computed, in the order of the features' values.
    """

    answers: dict[str, Answer]
    histories: dict[str, History]
    features: dict[str, Array]


def load_predictor(shop: Shop, max_age_hours: float, expires_hours: float) -> Predictor:
    """Load the current store and champions of a shop; where that fails, nothing stays open.

    Raises
    ------
    NextbuyError
        The store or an artefact cannot be read.
    """
    with ExitStack() as opened:
        build = opened.enter_context(closing(store_target(shop).open()))
        journal = opened.enter_context(closing(open_journal(shop)))
        store, champions = FreshStore(shop, build, journal), read_champions(shop.tracking_uri)
        predictor = Predictor(shop, store, champions, max_age_hours, expires_hours)
        opened.pop_all()
    return predictor


def _is_known(tables: History, as_of: int) -> bool:
    """Say whether a row of any table was known; one without a clock counts."""
    return any(bool((~(table["known_at"] > as_of)).any()) for table in tables.values())


def _unavailable(customer_id: str, reason: str) -> Answer:
    return Answer(
        customer_id=customer_id,
        status="unavailable",
        reason=reason,
        retry_after=RETRY_SECONDS,
    )
