"""How the channels of logged messages came about: at random, with which chances, among which.

What could have been sent when each message was and on which occasion, the chances that were
logged and the tests that they pass, the counts of draws, and chances estimated where none was
logged.
"""
