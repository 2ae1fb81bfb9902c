"""The purchase models.

Churn, repurchase timing and value, and the forecast that combines them.
"""
