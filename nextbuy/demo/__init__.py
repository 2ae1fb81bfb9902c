"""The demo: one command takes two shops, CDNOW and a simulated one, from logs to predictions."""
