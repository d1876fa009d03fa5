"""Signatures of texts come in, object keys go out: a text and its near-copies become one object.

`text_objects` remembers a limited count of recent texts. It gives each text the key of the first text that it nearly
equals.
"""
