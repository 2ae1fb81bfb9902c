"""The metrics of probabilities and forecasts, and bootstrap intervals that draw whole customers.

Log-loss, AUC, calibration error and lift, as numbers; `training/evaluation` makes the tables and
curves of a model's evaluation.
"""
