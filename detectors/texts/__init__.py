"""Near-copies of a text become one object."""
