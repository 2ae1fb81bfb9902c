"""Checks that a history store fits the champions, and selects the features that answers need."""

from collections.abc import Sequence

from features.catalog.dictionary import make_catalog
from features.errors import NextbuyError
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary
from features.shop.pseudonyms import key_fingerprint
from features.shop.shop import Shop
from features.store.protocol import StoreInfo
from models.channel.occasion import is_situation
from models.kinds import Model
from models.registry import Champions
from serving.answers.answer_reasons import FIELDS_OF_FEATURES
from serving.answers.replenishment import CYCLE_COLUMNS, CYCLES_LISTING


def check_same_settings(shop: Shop, info: StoreInfo, champions: Champions) -> None:
    """Refuse a store or a model that was made under other settings of money, days or customer ids.

    Money, local days and customer ids of the answers would be wrong. A store without the attribute
    by which decisions are drawn is refused too: customers of one cluster would draw apart.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml as they are now.
    info : StoreInfo
        Currency, time zone and fingerprint of the key that the store was built with.
    champions : Champions
        The promoted models, each with the currency that it was trained with.

    Raises
    ------
    NextbuyError
        A setting differs.
    """
    section = shop.section
    made_with = {"the history store": (info.currency, info.timezone)}
    for kind, version in champions.by_kind.items():
        made_with[f"{kind} version {version.version}"] = (version.head.currency, section.timezone)
    for name, settings in made_with.items():
        if settings != (section.currency, section.timezone):
            raise NextbuyError(
                f"nextbuy.toml has {section.currency} and {section.timezone}, {name} was made "
                f"with {settings[0]} and {settings[1]}. Set them back, or build the store and "
                "train the models again."
            )
    if info.key_fingerprint != key_fingerprint(shop):
        raise NextbuyError(
            "the history store was built with another pseudonym key, or without one: give "
            "the service the key of the build, or build the store again"
        )
    if info.fold != shop.fold:
        raise NextbuyError(
            f"nextbuy.toml has customers.fold = '{shop.fold}', and the history store was built "
            f"with '{info.fold}'. Set it back, or build the store again."
        )
    cluster_by = shop.channels.cluster_by
    if cluster_by not in (None, *info.vocabulary.attributes):
        raise NextbuyError(
            f"nextbuy.toml has channels.cluster_by = '{cluster_by}', and the history store was "
            "built without that attribute. Give customers.known_at or list the attribute in "
            "customers.static, and build the store again; or take cluster_by out."
        )


def select_catalogs(info: StoreInfo, champions: Champions) -> list[Catalog]:
    """Select the features that champions read and answers show, in one catalog per vocabulary.

    Parameters
    ----------
    info : StoreInfo
        Tables and columns (vocabulary) that the history store was built with.
    champions : Champions
        The promoted models; each names its features and the vocabulary of its training.

    Returns
    -------
    list of Catalog
        The first one belongs to the store's vocabulary; a feature means the same in all of them.

    Raises
    ------
    NextbuyError
        The store lacks a table or column that a feature needs, or two champions compute features
        of the same name differently.
    """
    stored = info.vocabulary
    needed = [(stored, FIELDS_OF_FEATURES.keys() & make_catalog(stored).keys())]
    needed += [(v.head.vocabulary, _features_of(v.model)) for v in champions.by_kind.values()]
    vocabularies: list[Vocabulary] = []
    for vocabulary, _ in needed:  # a vocabulary has lists, so it is in no set
        if vocabulary not in vocabularies:
            vocabularies.append(vocabulary)
    catalogs = [
        _select(vocabulary, set().union(*(n for v, n in needed if v == vocabulary)), stored)
        for vocabulary in vocabularies
    ]
    _refuse_ambiguous(catalogs)
    catalogs[0] = _add_cycles_listing(catalogs[0])
    return catalogs


def _features_of(model: Model) -> set[str]:
    """Name the features that a model reads; what it reads of the situation is no feature."""
    return {name for name in model.inputs if not is_situation(name)}


def _select(vocabulary: Vocabulary, names: set[str], stored: Vocabulary) -> Catalog:
    """Make the catalog of the named features; refuse those that the store has no columns for."""
    catalog = make_catalog(vocabulary).available(stored)
    if missing := sorted(names - catalog.keys()):
        raise NextbuyError(
            f"the champions read {', '.join(missing)}, and the history store was built "
            "without the table or column for them. Build it from all the tables that the "
            "models were trained on, or train again without them."
        )
    return catalog.select(names)


def _add_cycles_listing(catalog: Catalog) -> Catalog:
    """Add the listing of all replenishment cycles where the categories of products are known."""
    if "due_category" not in catalog:
        return catalog
    return catalog.listing(CYCLES_LISTING, *CYCLE_COLUMNS)


def _refuse_ambiguous(catalogs: Sequence[Catalog]) -> None:
    """Refuse catalogs that compute features of the same name differently."""
    first_hashes: dict[str, str] = {}
    for catalog in catalogs:
        different = [
            name
            for name, definition_hash in catalog.hashes.items()
            if first_hashes.setdefault(name, definition_hash) != definition_hash
        ]
        if different:
            raise NextbuyError(
                f"{', '.join(sorted(different))} were computed otherwise when a champion was "
                "trained: the settings (contact points) or the shop's tables and stores have "
                "changed since. Train the models again, or set nextbuy.toml back."
            )
