"""Follow events in; registry followers of accounts and networks, with their chance, and rings of followers out.

- `follow_edges` holds the tables of follow edges and the kernels that work on them.
- `followers` is the store: an exact set of follow edges, followers of each account, and which of them are in the
  registry.
- `follower_overlap` is the null model: how surprising the registry followers of an account, a network or a pair are.
- `follow_acts` holds the recent follows that have a time of their own. `same_followers` finds accounts with the same
  followers among them, and `follow_rings` remembers these and ties the followers together.

For example, the three accounts that copy a state agency stand out here if several of their few followers are diplomats.
"""
