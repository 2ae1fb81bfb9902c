"""Registers model versions and promotes them to champions."""
