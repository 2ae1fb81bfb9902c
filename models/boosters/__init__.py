"""LightGBM boosters as the models use them.

Fitted, stored as text, evaluated for one row, taken apart by feature.
"""
