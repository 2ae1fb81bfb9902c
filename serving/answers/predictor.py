"""Answers for customer ids from one snapshot of the history store and the champions.

The histories are read, the features computed, the models evaluated. Nothing here knows of HTTP.
"""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from features.arrays import Array, History
from features.catalog.relations import CATEGORY_CYCLE
from features.engines.plan import COMPILED_FOLDER, FeaturePlan
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
from features.windows import DAY, local_day, to_datetime
from models.channel.eligibility import objects_to_profiling
from models.reasons.purchase_reasons import ReasonWriter
from models.reasons.sentences import MoneyFormat
from models.registry import Champions, read_champions
from serving.answers.answer_reasons import list_answer_reasons
from serving.answers.answers import make_answers
from serving.answers.channels import fill_in_channels
from serving.answers.explanations import make_explanations
from serving.answers.request_instants import read_as_of, read_send_at
from serving.answers.situations import make_situations
from serving.answers.store_compatibility import check_same_settings, select_catalogs
from serving.schemas.answer_schemas import MAX_EXPLAINED, Answer, PredictResponse
from serving.schemas.reason_schemas import ExplainResponse

_HOUR = DAY // 24
RETRY_SECONDS = 3600


@dataclass(frozen=True)
class Predictor:
    """Predicts and explains from one snapshot of the history store and the champions.

    A request is answered from one such snapshot, so that versions are never mixed.

    Attributes
    ----------
    shop : Shop
        Settings of nextbuy.toml.
    store : HistoryStore
        Open history store, with the rows that were posted since its build.
    champions : Champions
        The promoted models.
    max_age_hours : float
        How many hours the store's data may end before the instant that is asked about.
    expires_hours : float
        For how many hours an answer may be used.

    Raises
    ------
    NextbuyError
        The store and the champions do not fit each other or nextbuy.toml.
    """

    shop: Shop
    store: HistoryStore
    champions: Champions
    max_age_hours: float
    expires_hours: float

    def __post_init__(self) -> None:
        check_same_settings(self.shop, self.store.info, self.champions)
        _ = self.catalogs

    @cached_property
    def catalogs(self) -> list[Catalog]:
        """Give the features that champions read and answers show, one catalog per vocabulary."""
        return select_catalogs(self.store.info, self.champions)

    @cached_property
    def _plans(self) -> list[FeaturePlan]:
        folder = self.shop.workspace / COMPILED_FOLDER
        return [FeaturePlan(catalog, folder) for catalog in self.catalogs]

    @cached_property
    def _reason_writer(self) -> ReasonWriter:
        features = {name: f for catalog in self.catalogs for name, f in catalog.items()}
        money = MoneyFormat(self.shop.section.currency, self.shop.minor_digits)
        return ReasonWriter(features, money, self.shop.sensitive)

    @cached_property
    def _standing_reason(self) -> str:
        """Give what every answer states, empty where there is nothing to state."""
        return "; ".join(list_answer_reasons(self.champions, self.shop, self.store.info.vocabulary))

    @cached_property
    def _sensitive_categories(self) -> frozenset[str]:
        """Give the categories that are too personal to be named.

        The store may have been built before their words were listed in nextbuy.toml.
        """
        tables = [
            lookups.tables.get(CATEGORY_CYCLE.name, {}) for lookups in self.store.info.lookups
        ]
        categories = {name for table in tables for column in table.values() for name in column}
        return frozenset(find_sensitive_names(categories, self.shop.sensitive))

    def predict(
        self, customer_ids: Sequence[str], as_of: int, send_at: int | None = None
    ) -> PredictResponse:
        """Predict churn, next purchase, value and channel for customers.

        Parameters
        ----------
        customer_ids : sequence of str
            Ids as the shop writes them; they may repeat.
        as_of : int
            Instant in microseconds since 1970 (UTC) that the answers speak of: only what was known
            then is read.
        send_at : int, optional
            Instant of sending, from `as_of` on; without it, the first outside quiet hours.

        Returns
        -------
        PredictResponse
            One answer per customer id, in the order given.
        """
        answers = self.compute_answers(customer_ids, as_of, send_at).answers
        return PredictResponse(
            **self.response_header(as_of),
            expires_at=to_datetime(self.expires_at(as_of)),
            answers=[answers[i] for i in customer_ids],
        )

    def explain(
        self, customer_ids: Sequence[str], as_of: int, send_at: int | None = None
    ) -> ExplainResponse:
        """Give the reasons for the answers that `predict` gives, for a few customers.

        Parameters
        ----------
        customer_ids : sequence of str
            At most `MAX_EXPLAINED` ids as the shop writes them; they may repeat.
        as_of : int
            Instant in microseconds since 1970 (UTC) that the reasons speak of.
        send_at : int, optional
            Instant of sending, as in `predict`.

        Returns
        -------
        ExplainResponse
            One explanation per customer id, in the order given.

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
        computed = self.compute_answers(customer_ids, as_of, send_at)
        explanations = make_explanations(
            self.champions,
            self.shop,
            self._reason_writer,
            computed.answers,
            list(computed.histories),
            computed.features,
        )
        return ExplainResponse(
            **self.response_header(as_of),
            explanations=[explanations[i] for i in customer_ids],
        )

    def response_header(self, as_of: int) -> dict[str, Any]:
        """Return the fields that every response has: its id, instants and model versions."""
        return {
            "request_id": uuid.uuid4().hex,
            "as_of": to_datetime(as_of),
            "data_cutoff": to_datetime(self.store.data_cutoff),
            "models": self.champions.versions,
        }

    def expires_at(self, as_of: int) -> int:
        """Return the instant until which an answer may be used, in microseconds UTC.

        Parameters
        ----------
        as_of : int
            The instant that the answer is about, in microseconds UTC.
        """
        return as_of + round(self.expires_hours * _HOUR)

    def read_as_of(self, text: str | None) -> int:
        """Read the instant that a request is about, in the shop's time zone: `read_as_of`."""
        return read_as_of(text, self.shop.timezone)

    def read_send_at(self, text: str | None, as_of: int) -> int | None:
        """Read the instant of sending of a request, in the shop's time zone: `read_send_at`."""
        return read_send_at(text, as_of, self.shop.timezone)

    def unavailable_reason(self, as_of: int) -> str | None:
        """Explain why nothing can be answered at an instant; None where answers are possible.

        A store whose data end long before the instant would make every customer look silent, so
        the data may end at most `max_age_hours` before it.
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

    def compute_answers(
        self, customer_ids: Sequence[str], as_of: int, send_at: int | None = None
    ) -> "ComputedAnswers":
        """Read the histories, compute the features and make the answers, once per customer."""
        reason = self.unavailable_reason(as_of)
        if reason is not None:
            return ComputedAnswers({i: _unavailable(i, reason) for i in customer_ids}, {}, {})
        answers, histories = self._separate(list(dict.fromkeys(customer_ids)), as_of)
        if not histories:
            return ComputedAnswers(answers, {}, {})
        features = self._compute_features(histories, as_of)
        predicted = make_answers(
            self.champions, self.shop, histories, features, as_of, self._sensitive_categories
        )
        if (model := self.champions.channel) is not None:
            situations = make_situations(model, self.shop, histories, as_of, send_at)
            features |= situations.columns
            fill_in_channels(model, self.shop, predicted, histories, features, situations)
        for answer in predicted.values():
            stated = filter(None, (answer.reason, self._standing_reason))
            answer.reason = "; ".join(stated) or None
        return ComputedAnswers(answers | predicted, histories, features)

    def _separate(
        self, customer_ids: list[str], as_of: int
    ) -> tuple[dict[str, Answer], dict[str, History]]:
        """Separate customers who get no prediction from those who do.

        Returns
        -------
        answers : dict of customer id to Answer
            Of customers who are unknown or object to profiling.
        histories : dict of customer id to History
            Of all other customers, in the order given.
        """
        histories = self._read_histories(customer_ids, as_of)
        answers: dict[str, Answer] = {}
        for customer_id in customer_ids:
            tables = histories.get(customer_id)
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
        return answers, {i: histories[i] for i in customer_ids if i not in answers}

    def _read_histories(self, customer_ids: list[str], as_of: int) -> dict[str, History]:
        """Read the rows of customers by the ids as sent, over all accounts of each customer.

        A pseudonymised store knows other ids than those that are sent.
        """
        stored = map_to_stored_ids(self.shop, customer_ids)
        histories = read_customer_histories(self.store.read, stored.values(), as_of)
        return {
            sent_id: histories[stored_id]
            for sent_id, stored_id in stored.items()
            if stored_id in histories
        }

    def _compute_features(self, histories: Mapping[str, History], as_of: int) -> dict[str, Array]:
        """Compute the features of n customers: feature name -> array (n,), in their order."""
        lookups = self.store.info.lookups_at(as_of)
        scope = Scope(as_of, local_day(as_of, self.shop.timezone), lookups or Lookups(as_of))
        rows = list(histories.values())
        features: dict[str, Array] = {}
        for plan in self._plans:
            features |= plan.compute(rows, scope)
        return features

    def close(self) -> None:
        """Close the history store and the journal; nothing can be answered after that."""
        for plan in vars(self).get("_plans", ()):  # none, where nothing was asked
            plan.close()
        self.store.close()


@dataclass(frozen=True)
class ComputedAnswers:
    """Answers for some customers, with the histories and features that they were computed from.

    Attributes
    ----------
    answers : dict of customer id to Answer
        One answer per customer.
    histories : dict of customer id to History
        The rows of the n customers whose features were computed, by table.
    features : dict of str to array (n,)
        Features, and the columns of the situation that the channel model reads: one value per
        customer, in the order of `histories`.
    """

    answers: dict[str, Answer]
    histories: dict[str, History]
    features: dict[str, Array]


def load_predictor(shop: Shop, max_age_hours: float, expires_hours: float) -> Predictor:
    """Open the current history store of a shop and load its champions.

    Where that fails, no store and no journal stays open.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml.
    max_age_hours : float
        How many hours the store's data may end before the instant that is asked about.
    expires_hours : float
        For how many hours an answer may be used.

    Raises
    ------
    NextbuyError
        The store or an artefact cannot be read, or they do not fit each other.
    """
    with ExitStack() as opened:
        build = opened.enter_context(closing(store_target(shop).open()))
        journal = opened.enter_context(closing(open_journal(shop)))
        store, champions = FreshStore(shop, build, journal), read_champions(shop.tracking_uri)
        predictor = Predictor(shop, store, champions, max_age_hours, expires_hours)
        opened.pop_all()
    return predictor


def _is_known(tables: History, as_of: int) -> bool:
    """Return whether a row of any table was known; a row whose `known_at` is NaN counts."""
    return any(bool((~(table["known_at"] > as_of)).any()) for table in tables.values())


def _unavailable(customer_id: str, reason: str) -> Answer:
    return Answer(
        customer_id=customer_id,
        status="unavailable",
        reason=reason,
        retry_after=RETRY_SECONDS,
    )
