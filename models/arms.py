"""Arms: the channels of a shop, and no message."""

NO_MESSAGE = "none"
