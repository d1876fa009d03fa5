"""Records that Lockstep reads and writes, and its errors. Imports nothing else of Lockstep.

In the order of the data: `events` and `registry` come in; `shares` and `networks` are found; `alerts` go out; `reviews`
come back; `dead_letters` are rows that could not be used. `service` has the topics, `published` the JSON Schemas.
"""
