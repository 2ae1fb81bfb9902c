"""Benchmarks of the feature engines and of asking the history store."""
