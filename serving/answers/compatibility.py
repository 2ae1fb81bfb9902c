"""Whether a store and its champions go together, and the features that they need at once."""

from collections.abc import Sequence

from features.catalog.dictionary import make_catalog
from features.errors import NextbuyError
from features.language.catalog import Catalog
from features.language.vocabulary import Vocabulary
from features.shop.pseudonyms import key_fingerprint
from features.shop.shop import Shop
from features.store.protocol import StoreInfo
from models.registry import Champions
from serving.answers.replenishment import CYCLE, CYCLES
from serving.answers.standing_reasons import SHOWN


def check_settings(shop: Shop, info: StoreInfo, champions: Champions) -> None:
    """Refuse a store or a champion made under other settings: money and days would differ."""
    section = shop.section
    found = {"the history store": (info.currency, info.timezone)}
    for kind, version in champions.by_kind.items():
        found[f"{kind} version {version.version}"] = (version.head.currency, section.timezone)
    for what, settings in found.items():
        if settings != (section.currency, section.timezone):
            raise NextbuyError(
                f"nextbuy.toml has {section.currency} and {section.timezone}, {what} was made "
                f"with {settings[0]} and {settings[1]}. Set them back, or build the store and "
                "train the models again."
            )
    if info.key_fingerprint != key_fingerprint(shop):
        raise NextbuyError(
            "the history store was built with another pseudonym key, or without one: give "
            "the service the key of the build, or build the store again"
        )


def make_catalogs(info: StoreInfo, champions: Champions) -> list[Catalog]:
    """Make the catalogs that champions read and answers show, one per vocabulary.

    Raises
    ------
    NextbuyError
        The store does not hold what one of them needs, or two champions mean different
        things by the name of a feature.
    """
    ours = info.vocabulary
    wanted = [(ours, SHOWN.keys() & make_catalog(ours).keys())]
    wanted += [(v.head.vocabulary, set(v.model.inputs)) for v in champions.by_kind.values()]
    catalogs = [
        _select(vocabulary, set().union(*(names for of, names in wanted if of == vocabulary)), ours)
        for place, (vocabulary, _) in enumerate(wanted)
        if vocabulary not in [earlier for earlier, _ in wanted[:place]]
    ]
    _refuse_ambiguous(catalogs)
    catalogs[0] = _list_cycles(catalogs[0])
    return catalogs


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
