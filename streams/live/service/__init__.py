"""The worker process and what it serves; what the live commands do."""
