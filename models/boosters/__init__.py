"""LightGBM boosters as the models use them.

They are fitted, stored as text, evaluated for single rows, and split into contributions by feature.
A search over their settings proposes them by trials.
"""
