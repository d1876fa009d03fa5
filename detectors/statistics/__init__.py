"""Statistics that know nothing about posts: counts and p-values come in, tails and decisions go out.

`tails`: how surprising a count is, and how to fuse several surprises into one. `false_discovery`: which of many
surprises pass. `rates`: whether a count is beyond chance when each account has a rate of its own. `follower_chance`:
the same for followers from the registry, by size of the account. `peer_ranks`: the rank of an account's value among
its peers.
"""
