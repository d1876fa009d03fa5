"""Posts of a server of the fediverse: its streaming API, and its timelines for what was missed.

`request`: server, stream and token. `event_stream`: server-sent events. `timelines`: pages of older posts.
`connection`: both, one after the other. `decoding`: events to posts.
"""
