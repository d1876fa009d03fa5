"""Follow events to followers from the registry and follower totals."""
