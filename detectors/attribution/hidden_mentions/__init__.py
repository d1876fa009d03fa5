"""Texts in; handles of the registry that are written so that the platform does not link them, out.

- `confusables` folds a text: similar letters become the same letter, and what was changed is noted.
- `handle_trie` holds the registry's handles as a trie of their letters.
- `hidden_mentions` walks the trie from every beginning of a word. Where a handle ends, `mention_rules` decides from how
  it is written, and from what stands before it, whether it is hidden.

In the running example, one of the three accounts writes `Twitter •handle` where a reader would expect `@handle`.
"""
