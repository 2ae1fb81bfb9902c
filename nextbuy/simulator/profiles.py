"""Defines the kinds of shops that can be simulated: how often customers buy, and what."""

from dataclasses import dataclass
from enum import StrEnum


class ProfileName(StrEnum):
    """Names of the kinds of shops that can be simulated."""

    dense = "dense"
    sparse = "sparse"


@dataclass(frozen=True)
class Category:
    """A category of products.

    Attributes
    ----------
    name : str
        Name of the category, as in the table `products`.
    subcategories : tuple of str
        Names of its two subcategories.
    price : float
        Typical price, in units of the currency.
    weight : float
        Weight with which customers favour the category, relative to the other categories.
    cycle_days : float or None
        Days that a pack lasts on average; None for a category that is not consumed.
    returned : float
        Share of its order lines that an average customer returns.
    sizes : tuple of str
        Sizes of its products.
    """

    name: str
    subcategories: tuple[str, str]
    price: float
    weight: float
    cycle_days: float | None = None
    returned: float = 0.02
    sizes: tuple[str, ...] = ("small", "medium", "large")


@dataclass(frozen=True)
class Profile:
    """The parameters of one kind of shop.

    Attributes
    ----------
    gap_days : float
        Mean days between purchases of a customer with the mean rate; rates are Gamma distributed
        over customers.
    rate_shape : float
        Shape of that Gamma distribution; the smaller it is, the more customers differ.
    dropout : tuple of float
        Parameters of the Beta distribution, over customers, of the chance to leave for good after
        a purchase.
    peak, dip : float
        Height of the pre-Christmas peak and depth of the summer dip, as shares of the mean.
    categories : tuple of Category
        Categories of the products that the shop sells.
    """

    gap_days: float
    rate_shape: float
    dropout: tuple[float, float]
    peak: float
    dip: float
    categories: tuple[Category, ...]


_CLOTHES = ("S", "M", "L", "XL")
_HEALTH = Category("health", ("pregnancy tests", "pain relief"), 9, 0.5, 60)  # a sensitive one
_BOOKS = Category("books", ("novels", "guides"), 14, 1.2)
_TOYS = Category("toys", ("games", "puzzles"), 22, 1.0)
_KITCHEN = Category("kitchen", ("pans", "knives"), 30, 0.8, returned=0.04)
_GARDEN = Category("garden", ("seeds", "tools"), 18, 0.8)

PROFILES: dict[str, Profile] = {
    ProfileName.dense: Profile(
        gap_days=18,
        rate_shape=1.3,
        dropout=(0.6, 7.0),
        peak=0.4,
        dip=0.2,
        categories=(
            Category("coffee", ("beans", "ground"), 11, 2.0, 28),
            Category("tea", ("green", "black"), 7, 1.2, 40),
            Category("skin care", ("face", "hands"), 16, 1.2, 55),
            Category("pet food", ("cats", "dogs"), 20, 1.5, 24),
            _HEALTH,
            Category("apparel", ("shirts", "shoes"), 35, 1.0, returned=0.18, sizes=_CLOTHES),
            _BOOKS,
            _TOYS,
            _KITCHEN,
            _GARDEN,
        ),
    ),
    ProfileName.sparse: Profile(
        gap_days=110,
        rate_shape=1.0,
        dropout=(0.9, 1.1),
        peak=1.2,
        dip=0.3,
        categories=(
            Category("candles", ("scented", "plain"), 14, 1.0, 90),
            _HEALTH,
            Category("gifts", ("cards", "boxes"), 25, 3.0),
            Category("furniture", ("chairs", "tables"), 180, 1.5, returned=0.06),
            Category("lighting", ("lamps", "bulbs"), 60, 1.0, returned=0.04),
            Category("apparel", ("scarves", "slippers"), 30, 0.8, returned=0.15, sizes=_CLOTHES),
            _BOOKS,
            _TOYS,
            _KITCHEN,
            _GARDEN,
        ),
    ),
}
