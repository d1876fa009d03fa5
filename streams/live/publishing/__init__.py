"""`lockstep publish`: dumps to the public topics.

`publish`: in which order and how fast. `post_encoding`: posts as JSON.
"""
