"""Buy-till-you-die (BTYD) models of repeat purchasing, one per file; each is called a member.

Every member predicts from `frequency, recency, T` in days: `p_alive`, `p_within`,
`expected_purchases` and `return_hazards`. Its parameters are in weeks. All arithmetic is on
logarithms, so that a customer with thousands of purchases gets a number and not NaN.
"""
