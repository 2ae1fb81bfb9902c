"""Buy-till-you-die models of repeat purchasing, one member per file.

Every member answers for `frequency, recency, T` in days: `p_alive`, `p_within`,
`expected_purchases`, `return_hazards`; its own parameters are in weeks. All arithmetic is in log
space, so that a customer with thousands of purchases gets a number and not NaN.
"""
