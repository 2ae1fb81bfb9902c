"""Trains the channel model, and estimates what contact policies are worth on logged decisions."""
