"""What is measured about a run, as files that other programs read."""
