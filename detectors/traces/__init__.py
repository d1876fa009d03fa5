"""Posts in, shares out: what each post acted on, as 64-bit keys. Nothing is remembered between batches.

`traces` makes the shares of each post: links, tags, reposts, mentions, replies, media and text. `urls` gives the many
spellings of one link one form. `text` normalises texts and makes the signatures by which `detectors.texts` recognises
near-copies; `normalising` does the first of these by the table in `characters`.
"""
