"""What is known of a customer at a cutoff: input contract, log, features, history store.

Beside the rooms stand what all packages share: the errors that a user sees, the windows that own
every comparison of dates, and the type aliases of arrays.
"""
