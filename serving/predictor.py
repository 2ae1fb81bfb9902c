"""From customer ids to answers: history, features, models. No BentoML in here."""

import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from features.catalog.catalog import Catalog
from features.catalog.dictionary import make_catalog
from features.catalog.relations import CATEGORY_CYCLE
from features.catalog.vocabulary import Vocabulary
from features.engines.history_engine import Plan
from features.engines.scope import Lookups, Scope
from features.inputs.faults import NextbuyError, refuse
from features.inputs.history import Array
from features.inputs.identities import read_customers
from features.inputs.journal import open_journal
from features.inputs.pseudonyms import key_fingerprint, stored_ids
from features.inputs.sensitive import sensitive_names
from features.inputs.shop import Shop, read_shop
from features.inputs.windows import DAY, local_day, read_cutoff, to_datetime
from features.store.builds import HistoryStore
from features.store.fresh import FreshStore
from features.store.store import store_target
from models.eligibility import objects_to_profiling
from models.reasons import Speaker
from models.registry import Champions, Version, read_champions
from models.wording import Money
from serving.answers import Tables, make_answers
from serving.explanations import make_explanations
from serving.replenishment import CYCLE, CYCLES
from serving.schemas import MAX_EXPLAINED, Answer, ExplainResponse, PredictResponse
from serving.settings import read_settings

_HOUR = DAY // 24
_RETRY_SECONDS = 3600
# What an answer shows of the features themselves; those of absent tables are left out.
_ANSWERED = {"T", "gap_median", "due_category", "activity_group", "contact_score"}


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
    def catalogs(self) -> list[Catalog]:
        """The features that champions read and answers show, one catalog per vocabulary.

        Raises
        ------
        NextbuyError
            The store does not hold what one of them needs, or two champions mean different
            things by the name of a feature.
        """
        ours = self.store.info.vocabulary
        wanted = [(ours, _ANSWERED & make_catalog(ours).keys())]
        wanted += [(v.head.vocabulary, set(v.model.inputs)) for v in self._versions]
        catalogs = [
            _select(
                vocabulary, set().union(*(names for of, names in wanted if of == vocabulary)), ours
            )
            for place, (vocabulary, _) in enumerate(wanted)
            if vocabulary not in [earlier for earlier, _ in wanted[:place]]
        ]
        _refuse_ambiguous(catalogs)
        catalogs[0] = _list_cycles(catalogs[0])
        return catalogs

    @cached_property
    def _plans(self) -> list[Plan]:
        return [Plan(catalog) for catalog in self.catalogs]

    @cached_property
    def _speaker(self) -> Speaker:
        features = {name: f for catalog in self.catalogs for name, f in catalog.items()}
        money = Money(self.shop.section.currency, self.shop.minor_digits)
        return Speaker(features, money, self.shop.sensitive)

    @cached_property
    def _unspoken(self) -> frozenset[str]:
        """Categories found too personal, even if the store was built before they were listed."""
        tables = [
            lookups.tables.get(CATEGORY_CYCLE.name, {}) for lookups in self.store.info.lookups
        ]
        categories = {name for table in tables for column in table.values() for name in column}
        return frozenset(sensitive_names(categories, self.shop.sensitive))

    @property
    def _versions(self) -> list[Version]:
        return list(self.champions.by_kind.values())

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
        if info.key_fingerprint != key_fingerprint(self.shop):
            raise NextbuyError(
                "the history store was built with another pseudonym key, or without one: give "
                "the service the key of the build, or build the store again"
            )
        _ = self.catalogs

    def predict(self, customer_ids: Sequence[str], as_of: int) -> PredictResponse:
        """Answer for each customer id, in the order given.

        Parameters
        ----------
        as_of : int
            The instant that the answers speak of: only what was known then is read.
        """
        answers = self._ask(customer_ids, as_of).answers
        return PredictResponse(
            **self._says_of_itself(as_of),
            expires_at=to_datetime(as_of + round(self.expires_hours * _HOUR)),
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
        asked = self._ask(customer_ids, as_of)
        told = make_explanations(
            self.champions, self.shop, self._speaker, asked.answers, asked.ids, asked.features
        )
        return ExplainResponse(
            **self._says_of_itself(as_of), explanations=[told[i] for i in customer_ids]
        )

    def _says_of_itself(self, as_of: int) -> dict[str, Any]:
        """Say what every response does: the instants, and the versions that answered."""
        return {
            "request_id": uuid.uuid4().hex,
            "as_of": to_datetime(as_of),
            "data_cutoff": to_datetime(self.store.data_cutoff),
            "models": self.champions.versions,
        }

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

    def _ask(self, customer_ids: Sequence[str], as_of: int) -> "_Asked":
        """Find, compute and answer, each customer once."""
        reason = self.unavailable(as_of)
        if reason is not None:
            return _Asked({i: _unavailable(i, reason) for i in customer_ids}, [], {})
        answers, found = self._sort_out(list(dict.fromkeys(customer_ids)), as_of)
        features = self._compute(found, as_of) if found else {}
        if found:
            answers |= make_answers(
                self.champions, self.shop, found, features, as_of, self._unspoken
            )
        return _Asked(answers, list(found), features)

    def _sort_out(
        self, customer_ids: list[str], as_of: int
    ) -> tuple[dict[str, Answer], dict[str, Tables]]:
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

    def _read(self, customer_ids: list[str], as_of: int) -> dict[str, Tables]:
        """Read histories by the ids as sent, over all accounts of a customer.

        A pseudonymised store knows other ids.
        """
        stored = stored_ids(self.shop, customer_ids)
        found = read_customers(self.store.read, stored.values(), as_of)
        return {sent: found[own] for sent, own in stored.items() if own in found}

    def _compute(self, found: Mapping[str, Tables], as_of: int) -> dict[str, Array]:
        """Compute the features of customers who are known and have not objected."""
        lookups = self.store.info.lookups_at(as_of)
        scope = Scope(as_of, local_day(as_of, self.shop.timezone), lookups or Lookups(as_of))
        histories = list(found.values())
        features: dict[str, Array] = {}
        for plan in self._plans:
            features |= plan.compute(histories, scope)
        return features


@dataclass(frozen=True)
class _Asked:
    """What was found out at once about some customers.

    Attributes
    ----------
    ids : list of str
        The customers whose features were computed, in the order of the features' values.
    """

    answers: dict[str, Answer]
    ids: list[str]
    features: dict[str, Array]


def load_predictor(shop: Shop, max_age_hours: float, expires_hours: float) -> Predictor:
    """Load the current store and champions of a shop.

    Raises
    ------
    NextbuyError
        The store or an artefact cannot be read.
    """
    store = FreshStore(shop, store_target(shop).open(), open_journal(shop))
    return Predictor(shop, store, read_champions(shop.tracking_uri), max_age_hours, expires_hours)


def predict_once(shop: Path, customer_ids: Sequence[str], as_of: str | None) -> PredictResponse:
    """Answer for some customers without a running service, under the same settings."""
    predictor = _load_once(shop)
    return predictor.predict(customer_ids, predictor.read_as_of(as_of))


def explain_once(shop: Path, customer_ids: Sequence[str], as_of: str | None) -> ExplainResponse:
    """Give the reasons for some customers without a running service."""
    predictor = _load_once(shop)
    return predictor.explain(customer_ids, predictor.read_as_of(as_of))


def _load_once(shop: Path) -> Predictor:
    settings = read_settings({**os.environ, "NEXTBUY_SHOP": str(shop)})
    return load_predictor(read_shop(settings.shop), settings.max_age_hours, settings.expires_hours)


def _select(vocabulary: Vocabulary, names: set[str], stored: Vocabulary) -> Catalog:
    """Make the catalog of the named features; refuse what the store has no columns for."""
    catalog = make_catalog(vocabulary).available(stored)
    if missing := sorted(names - catalog.keys()):
        raise NextbuyError(
            f"the champions read {', '.join(missing)}, and the history store was built "
            "without the table or column for them. Build it from all the tables that the "
            "models were trained on, or train again without them."
        )
    return catalog.select(names)


def _list_cycles(catalog: Catalog) -> Catalog:
    """List what an answer tells of each category's replenishment, where categories are known."""
    return catalog.listing(CYCLES, *CYCLE) if "due_category" in catalog else catalog


def _refuse_ambiguous(catalogs: Sequence[Catalog]) -> None:
    """Refuse two champions, or a champion and the shop, that compute one name differently."""
    hashes: dict[str, str] = {}
    for catalog in catalogs:
        differ = [n for n, own in catalog.hashes.items() if hashes.setdefault(n, own) != own]
        if differ:
            raise NextbuyError(
                f"{', '.join(sorted(differ))} were computed otherwise when a champion was "
                "trained: the settings (contact points) or the shop's tables and stores have "
                "changed since. Train the models again, or set nextbuy.toml back."
            )


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
