"""Judges forecasts: back-tests, comparison with baselines, calibration, importance."""
