"""Metrics of probabilities and forecasts, and bootstrap intervals that draw whole customers."""
