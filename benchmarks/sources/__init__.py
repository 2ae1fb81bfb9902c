"""What reading a shop's own exports costs."""
