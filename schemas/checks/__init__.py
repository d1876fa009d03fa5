"""What records and settings are checked for: `bounds` of numbers, and words for what msgspec refuses."""
