"""Evidence on pairs of accounts: co-shares and exposures in; the surprise of each pair out.

- `pair_intake` takes in co-shares and chooses the independent ones. `pair_table` holds the rows of evidence, chained by
  pair. `pairs` owns both: the store that ages, bounds and renumbers them.
- `null_model` says what chance gives two accounts. `shared_interest` says what their interests give, learnt from slow
  co-shares. `pair_kernels` tests pairs against both, and finds the exposure that validated pairs explain.
  `expected_among` adds up what chance gives all pairs of a network.
- `co_share_samples` keeps the posts and objects behind the evidence, for people to check. `pair_summary` is the table
  of all pairs that `--pairs` writes.
"""
