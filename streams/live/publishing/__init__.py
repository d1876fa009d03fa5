"""`lockstep publish`: dumps onto the public topics."""
