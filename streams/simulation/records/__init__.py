"""A world written out: posts, profiles, follow events."""
