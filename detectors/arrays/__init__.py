"""Arrays for the kernels of all stages. Nothing here knows what a post is.

`dtypes` names array types for annotations, `compiled` holds the decorators that compile a kernel. `hashing` makes the
64-bit keys of accounts, posts and objects from their names, and `pair_keys` packs two numbers into one key.
`hash_index` looks keys up inside kernels, `sorted_keys` outside them.
"""
