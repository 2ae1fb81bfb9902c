"""Evaluates models on origins that they have not seen: back-tests and holdouts.

Tables for the report and the terminal: scores beside the baselines, reliability, PIT histograms,
cumulative gains, segments, importance of features, sample customers.
"""
