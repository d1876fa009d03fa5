"""Figures that other programs read: what was measured about a run, and what it says of accounts and pairs."""
