"""Snapshots of detection on a compacted topic."""
