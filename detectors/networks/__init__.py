"""Edges to networks: communities, recurring crowds, expansion, identity over time."""
