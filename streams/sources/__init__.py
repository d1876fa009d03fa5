"""Dumps of posts, read as batches of canonical frames with dead letters beside them."""
