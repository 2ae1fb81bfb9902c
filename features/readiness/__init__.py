"""Examines how ready a shop's log is, for `nextbuy check`.

Findings by probes of clocks, columns, contents and coverage in time, and suggested settings.
"""
