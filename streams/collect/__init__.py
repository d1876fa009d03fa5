"""`lockstep ingest`: live public sources onto the Kafka topics, without gaps.

In the order of the data: `jetstream` and `mastodon` connect and decode; `inbox` holds what has come; `recent_rows`
drops what came before; `event_writer` writes to the topics; `cursor_file` keeps how far that is. `collector` runs all
of it.
"""
