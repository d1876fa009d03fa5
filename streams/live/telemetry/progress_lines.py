"""Marks the lines of the log that say how far something is. They repeat, and none is left out."""

MARK = "_always"
ALWAYS = {MARK: True}
"""Values of such a line, beside those that it shows."""
