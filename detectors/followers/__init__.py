"""Follow events in; registry followers of accounts and networks, with their chance, out.

- `follow_edges` holds the tables of follow edges and the kernels that work on them.
- `followers` is the store: an exact set of follow edges, followers of each account, and which of them are in the
  registry.
- `follower_overlap` is the null model: how surprising the registry followers of an account, a network or a pair are.

For example, the three accounts that copy a state agency stand out here if several of their few followers are diplomats.
"""
