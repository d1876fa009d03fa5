"""The memory of detection as plain data, and back.

`capture` saves and restores a whole pipeline. `state_forms` turns live objects into plain data, and `state_filling`
fills live objects from it again.
"""
