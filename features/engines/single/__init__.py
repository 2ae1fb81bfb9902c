"""Computes features of one customer, by Python functions generated from the declarations."""
