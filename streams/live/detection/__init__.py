"""Frames in, alerts out."""
