"""Posts of forums."""
