"""Bluesky's Jetstream over WebSocket: both of its servers.

`request`: the address with filters and cursor. `connection`: frames of one connection. `decoding`: frames to events.
"""
