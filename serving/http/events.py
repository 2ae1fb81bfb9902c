"""From posted rows to a receipt: checked, then written down. No BentoML in here."""

from features.ledgers.journal import open_journal
from features.ledgers.posted_rows import PostedRowChecker
from features.shop.shop import Shop
from features.windows import to_datetime
from serving.schemas.event_schemas import EventsRequest, EventsResponse


class EventPosting:
    """Takes posts for one shop; what it has accepted outlives it."""

    def __init__(self, shop: Shop) -> None:
        self._door = PostedRowChecker(shop)
        self._journal = open_journal(shop)

    def post(self, request: EventsRequest) -> EventsResponse:
        """Check the rows of a request and write them down, all or none.

        Raises
        ------
        InputError
            A row breaks the contract.
        NextbuyError
            The journal cannot be written.
        """
        receipt = self._journal.append(self._door.read(dict(request)))
        return EventsResponse(
            accepted=receipt.accepted,
            duplicates=receipt.duplicates,
            received_at=to_datetime(receipt.received_at),
        )

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()
