"""Evaluates models on origins that they have not seen: back-tests and holdouts.

Scores beside the baselines, reliability, PIT histograms, cumulative gains, segments, importance of
features and sample customers, as data frames that `training/report` shows.
"""
