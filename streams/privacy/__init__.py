"""Pseudonyms in place of account ids, handles and post ids, under a key.

`keys` reads keys, `pseudonyms` turns names into pseudonyms, `texts` finds names in texts and links, and
`records` does all of this to posts, profiles, registries and rules. `relinking` finds the names again, with the key.
"""
