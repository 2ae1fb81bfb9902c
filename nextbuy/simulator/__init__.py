"""A simulated shop whose customers' true behaviour is known."""
