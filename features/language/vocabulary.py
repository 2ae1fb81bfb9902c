"""Holds a shop's vocabulary: the free names that decide which features it has."""

import msgspec

from features.errors import refuse


def attribute_feature_names(attribute: str) -> tuple[str, str]:
    """Name the features of an attribute: what a customer declares, and how many declare the same.

    Examples
    --------
    >>> attribute_feature_names("country")
    ('country', 'country_share')
    """
    return attribute, f"{attribute}_share"


class Vocabulary(msgspec.Struct, frozen=True):
    """The tables and free names of a shop from which its catalog of features is made.

    Every model and every build of the history store keeps the vocabulary it was made with.

    Attributes
    ----------
    tables : dict of str to list of str
        The columns that features may read, by table of the contract.
    channels, stores, attributes : list of str
        Names of the channels of messages, the stores of orders, the attributes of customers.
    points : dict of str to int
        Points of the contact score by interaction (`purchase`, `view`, `opened`).

    Raises
    ------
    InputError
        A name cannot be part of a feature's name, or two attributes make one feature.
    """

    tables: dict[str, list[str]]
    channels: list[str] = []
    stores: list[str] = []
    attributes: list[str] = []
    points: dict[str, int] = {}

    def __post_init__(self) -> None:
        """Refuse names that features cannot be called by, and attributes called as a feature."""
        for kind in ("channels", "stores", "attributes", "points"):
            for name in getattr(self, kind):
                if name.startswith("@") or "\0" in name:
                    raise refuse(
                        kind, "names that neither begin with @ nor hold a NUL", repr(name),
                        "Rename it in the shop's tables; features are called by it.",
                    )  # fmt: skip
        named: dict[str, str] = {}
        for attribute in self.attributes:
            for feature in attribute_feature_names(attribute):
                other = named.setdefault(feature.lower(), attribute)
                if other != attribute:
                    raise refuse(
                        f"customers.{attribute}",
                        "features of its own",
                        f"'{feature}', which is one of customers.{other} too",
                        "Rename one of the two in [tables.customers] columns of nextbuy.toml.",
                    )

    def gives(self, column: str) -> bool:
        """Say whether the shop gives a column, as in `orders.discount`."""
        table, _, name = column.partition(".")
        return name in self.tables.get(table, ())
