"""Files that a run writes, and text made safe for terminals."""
