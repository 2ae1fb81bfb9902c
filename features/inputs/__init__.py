"""The log as it was known: contract, sources, journal, clocks, identities, history tables."""
