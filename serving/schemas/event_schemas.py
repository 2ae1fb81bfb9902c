"""Schemas of `/v1/events`: the rows that are posted, and their receipt."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

PostedRows = list[dict[str, Any]]


class EventsRequest(BaseModel, extra="forbid"):
    """Holds up to 1,000 rows in the columns of the input tables; all are taken or none.

    Values are text, numbers, true, false or null; instants in ISO 8601, money as a decimal
    number. A column that the contract does not have is refused, and so is `known_at`: a posted
    row is known when it is received.
    """

    orders: PostedRows = Field(default=[], description="Rows of the table orders.")
    order_lines: PostedRows = Field(
        default=[],
        description="Rows of the table order_lines; all lines of an order are posted with it.",
    )
    returns: PostedRows = Field(default=[], description="Rows of the table returns.")
    events: PostedRows = Field(default=[], description="Rows of the table events.")
    messages: PostedRows = Field(default=[], description="Rows of the table messages.")
    consents: PostedRows = Field(default=[], description="Rows of the table consents.")
    customers: PostedRows = Field(default=[], description="Rows of the table customers.")
    identities: PostedRows = Field(
        default=[],
        description="Rows of the table identities; they join accounts from the next build of the "
        "history store on.",
    )


class EventsResponse(BaseModel):
    """Receipt of posted rows: they were written down durably, and the next answer reads them."""

    accepted: int = Field(description="Number of rows that were written down.")
    duplicates: int = Field(
        description="Number of rows that were left out because they say nothing new."
    )
    received_at: datetime = Field(description="The instant from which the accepted rows are known.")
