"""Back-tests and holdout evaluation.

Comparisons with baselines, calibration, segments, importance.
"""
