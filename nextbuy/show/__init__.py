"""Terminal tables: how the commands show answers, readiness, back-tests and policies."""
