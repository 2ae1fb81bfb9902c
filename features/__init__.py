"""What is known of a customer at a cutoff: input contract, log, features, history store."""
