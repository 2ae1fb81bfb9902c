"""The readiness report of a log: faults, oddities, and which models its data can support."""
