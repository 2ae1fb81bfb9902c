"""What is known of a customer at a cutoff: input contract, time, features, history store."""
