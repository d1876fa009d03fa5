"""Saved states as bytes, for every driver.

`state_codec` and `column_buffers`: plain data, as `detectors.state` gives them, to bytes and back.
"""
