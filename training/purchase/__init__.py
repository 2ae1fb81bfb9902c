"""Trains the churn and timing models: slices over time, baselines, settings search, jobs."""
