"""Trains the churn and repurchase timing models: slices over time, baselines, search, jobs."""
