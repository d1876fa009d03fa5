"""Snapshots of detection on a compacted topic; `streams.state` makes the bytes."""
