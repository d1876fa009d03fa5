"""What one cell holds: a time, a list, a text."""
