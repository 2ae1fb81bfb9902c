"""Metrics of predictions, and bootstrap intervals that respect customers."""
