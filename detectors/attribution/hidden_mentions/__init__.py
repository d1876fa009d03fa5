"""Handles of the registry that are written so that no link arises."""
