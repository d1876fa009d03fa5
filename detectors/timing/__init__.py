"""How close in time accounts share the same things, compared with strangers who share them too.

- `organic_gaps` knows which gaps are usual where nobody acts together, and learns them from the data.
- `co_share_timing` finds a co-share in the log of shares, and gives the chance of a gap as small, by the
strangers there.
- `pair_timing` tests pairs of accounts, and `group_timing` whole groups.
"""
