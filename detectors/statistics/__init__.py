"""Statistics that know nothing of posts: counts and p-values in, tails and decisions out.

`tails`: how surprising a count is, and several surprises fused into one. `false_discovery`: which of many surprises
pass. `rates`: whether a count is beyond chance when accounts differ in their own rates. `follower_chance`: the same
for followers from the registry, by size of the account. `peer_ranks`: where an account's value stands among its peers.
"""
