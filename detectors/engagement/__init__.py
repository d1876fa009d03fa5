"""Posts and reactions in; activity, reactions and obscurity of accounts and networks out.

- `engagement` is the store: rolling counts of posts and reactions for each account over the last days. Its tables are
  declared in `engagement_tables`; the kernels of posts are in `post_kernels`, those of links to sites in
  `link_kernels`.
- `obscurity` compares followers and reactions with peers: is an account obscure, is the typical member of a network?

In the running example, the three accounts that copy a state agency have few followers and hardly any reactions for how
much they post.
"""
