"""Live sources under faults: servers that speak the protocols and misbehave, and an hour of traffic through one.

    python -m benchmarks.live_sources [--speed 50] [--seconds 3600] [--likes]

`events`: posts as events of Jetstream, and traffic in its shape. `jetstream_server`: a server that drops, stalls,
repeats and sends garbage. `mastodon_server`: the same for the fediverse. The tests use both.
"""
