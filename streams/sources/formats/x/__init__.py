"""Posts of X, formerly Twitter: its APIs old and new, tools that collect from them, and published archives."""
