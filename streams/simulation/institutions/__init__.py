"""Invented states and their press."""
