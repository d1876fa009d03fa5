"""Reactions to posts, and how obscure accounts are among their peers."""
