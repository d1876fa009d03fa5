"""Posts in Lockstep's own form."""
