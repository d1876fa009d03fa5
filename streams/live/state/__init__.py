"""Snapshots of detection.

`state_codec` and `column_buffers`: plain data to bytes and back. `snapshots`: bytes to a compacted topic and back.
"""
