"""Answers for known customers.

Predictions, channels and reasons, from histories and champions.
"""
