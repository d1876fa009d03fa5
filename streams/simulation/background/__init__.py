"""Ordinary people and what they post."""
