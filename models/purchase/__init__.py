"""The models of purchases: churn, repurchase timing and spend, and their combined forecast.

A module `*_fit.py` fits the model of the module without the suffix. The server loads only the
latter.
"""
