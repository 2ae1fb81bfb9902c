"""What serving reads: one packed history per customer, and the lookups."""
