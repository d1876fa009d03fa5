"""Shares in event order in, co-shares and exposures out; and, from times alone, pairs of accounts with one rhythm.

- `synchrony_stage` is the engine: which accounts shared one object within a window, and in what crowd. It is cut into
  parts by object (`share_part`). `co_share_kernels` is the compiled loop, `share_ring` a part's memory, `share_log` its
  log; `co_shares` are records and rules. `open_epoch` holds the shares that the engine is handed next.
- `cells` numbers the counters of each account; `exposure` adds up what the engine says about each account.
- `rhythm` finds accounts that post in the same minutes, whatever they post; `rhythm_kernels` is its compiled part.
"""
