"""Tables of the terminal: how the commands show answers, readiness, back-tests and policies."""
