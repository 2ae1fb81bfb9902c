"""Trains the churn and timing models.

Slices of the log over time, populations, baselines, the search of settings, and the jobs of both
models.
"""
