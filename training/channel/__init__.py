"""Trains the channel model.

With the study of what contact policies are worth on logged decisions.
"""
