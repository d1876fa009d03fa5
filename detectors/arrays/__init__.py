"""Arrays: short names for dtypes, compiling, hashing, and lookup of keys."""
