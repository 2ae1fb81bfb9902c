"""What is wrong with a log, what is odd, and what it can support."""
