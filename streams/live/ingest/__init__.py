"""Public topics in, frames out.

`ingest`: reads, decodes and writes. `group`: its consumer group. `idle_partitions`: when empty partitions hold up
nothing. `progress_reader`: where detection is. `reference_ends`: whether reference data have been read. `lag_watch`:
how far a worker is behind.
"""
