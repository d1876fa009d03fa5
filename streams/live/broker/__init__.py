"""The way to the broker: connection, credentials, topics, rights."""
