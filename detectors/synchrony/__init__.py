"""Shares in event order in, co-shares and exposures out; and, from times alone, pairs of accounts with one rhythm.

- `co_sharing` is the engine: which accounts shared one object within a window, and in what crowd. `co_share_kernels` is
  its compiled loop, `share_ring` its memory, `co_shares` its records and rules.
- `cells` numbers the counters of each account; `exposure` adds up what the engine says about each account.
- `rhythm` finds accounts that post in the same minutes, whatever they post; `rhythm_kernels` is its compiled part.
"""
