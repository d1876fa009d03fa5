"""One file a dump format."""
