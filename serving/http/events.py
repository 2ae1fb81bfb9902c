"""Takes rows that are posted to the service: checks them and writes them to the journal.

Nothing here knows of HTTP.
"""

from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.shop import Shop
from features.windows import to_datetime
from serving.schemas.event_schemas import EventsRequest, EventsResponse


class EventPosting:
    """Takes posted rows for one shop and keeps what it accepts in the shop's journal.

    Parameters
    ----------
    shop : Shop
        Settings of nextbuy.toml; they name the journal and the shop's time zone and currency.
    """

    def __init__(self, shop: Shop) -> None:
        self._checker = PostedRowChecker(shop)
        self._journal = open_journal(shop)

    def post(self, request: EventsRequest) -> EventsResponse:
        """Check the rows of a request and write them down, all or none.

        Parameters
        ----------
        request : EventsRequest
            Rows by table, in the columns of the input tables.

        Returns
        -------
        EventsResponse
            How many rows were accepted, how many say nothing new, and when they were received.

        Raises
        ------
        InputError
            A row breaks the contract.
        NextbuyError
            The journal cannot be written.
        """
        receipt = self._journal.append(self._checker.read(dict(request)))
        return EventsResponse(
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            received_at=to_datetime(receipt.received_at),
        )

    def close(self) -> None:
        """Close the journal; nothing can be posted after that."""
        self._journal.close()
