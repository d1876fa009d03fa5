"""Faust agents: each runs one stage of detection."""
