"""What detection holds in memory after a load, by part: bytes, and bytes an item.

    python -m benchmarks.held LOAD.jsonl.gz [--json OUT]

The bytes are those of the arrays and frames that a saved state has. A table that grows is up to twice as large as its
items.
"""
