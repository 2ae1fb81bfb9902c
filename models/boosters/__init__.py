"""LightGBM boosters as the models use them.

They are fitted, stored as text, evaluated for single rows, and split into contributions by feature.
"""
