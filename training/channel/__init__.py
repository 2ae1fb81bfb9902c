"""Trains the best-channel model.

With the study of what contact policies are worth on logged decisions.
"""
