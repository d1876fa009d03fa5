"""The memory of detection as plain data, and back."""
