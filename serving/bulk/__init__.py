"""Answers and decisions without a running service: for some customers, or a file of them."""
