"""Alert records: what was found, how surely, and why, in plain words."""
