"""Frames in, alerts out.

`positions`: which rows are new, and how far event time is. `detection`: rows in event order to the pipeline.
`reference_data`: registry, profiles and rules. `detection_state`: all of it as plain data, and back.
"""
