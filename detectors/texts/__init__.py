"""Signatures of texts in, object keys out: a text and its near-copies become one object.

`text_objects` remembers recent texts, with a limit, and gives each text the key of the first one that it nearly equals.
"""
