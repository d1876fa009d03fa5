"""Dumps to one sequence of posts in event order."""
