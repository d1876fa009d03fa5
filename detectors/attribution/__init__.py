"""Whose content a post carries: traced posts in; facts about registry entities, and edges between accounts, out.

The running example is three accounts that copy a state agency's articles without naming the agency.

- Each batch: `attribution` finds the facts about its posts (each of those copies is one). `facts` lists the kinds of
  facts, `crediting` decides whether a copy names its source, and `hidden_mentions` finds handles written so that the
  platform does not link them.
- In between: `fact_store` keeps the facts by account, as counts for base rates and as posts for evidence.
- Once a day: `amplification` selects the reposts of copies that reach beyond the author's followers.
  `uncredited_pairs` (a few accounts) and `uncredited_crowds` (many accounts) find accounts that copy the same
  originals, and `uncredited_edges` turns both results into edges.
"""
