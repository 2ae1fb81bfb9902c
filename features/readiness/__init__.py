"""Examines how ready a shop's log is: faults, oddities, coverage in time, suggested settings."""
