"""A shop's vocabulary: the free names that decide which features it has."""

import msgspec


class Vocabulary(msgspec.Struct, frozen=True):
    """What a catalog is made from; kept with every model and every store.

    Attributes
    ----------
    tables : dict of str to list of str
        The columns that features may read, by table of the contract.
    channels, stores, attributes : list of str
        Channels of the messages, stores of the orders, texts of the customers.
    points : dict of str to int
        Points of the contact score by interaction.
    """

    tables: dict[str, list[str]]
    channels: list[str] = []
    stores: list[str] = []
    attributes: list[str] = []
    points: dict[str, int] = {}

    def gives(self, column: str) -> bool:
        """Say whether the shop gives a column, as in `orders.discount`."""
        table, _, name = column.partition(".")
        return name in self.tables.get(table, ())
